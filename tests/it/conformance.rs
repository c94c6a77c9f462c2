//! Servers that others wrote, asked directly and through Patr by clients that others wrote: what comes back is the same,
//! but for the short list of `docs/data-plane.md`.

mod cases;
mod ends;
mod shapes;
mod websockets;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use patr_models::managed_url::{UrlOptions, create::NewTarget};
use patr_stories::{
    debian_image,
    exchange::{Answer, Ask, Fields},
    runner::{containers, inspect},
};
use serde::Deserialize;

use crate::{software::Desk, url_options::url};

/// Where a server is reached.
pub(crate) struct Place {
    direct: SocketAddr,
    edge: SocketAddr,
    host: String,
}

const SERVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/servers");

impl Place {
    /// Deploys a server from `tests/servers`.
    async fn of(desk: &mut Desk, image: &str, name: &str, file: &str, command: &str) -> Self {
        let file = format!("/run/{file}={SERVERS}/{file}");
        let arguments = ["--port", "8000", "--file", &file, "--command", command, "--stop-grace", "1s"];
        desk.deploy(name, image, &arguments).await;
        let id = desk.owner.deployment(name).await.id;
        let container = containers(id).pop().unwrap();
        let networks = inspect(&container)["NetworkSettings"]["Networks"].clone();
        let mut addresses =
            networks.as_object().unwrap().values().filter_map(|network| network["IPAddress"].as_str());
        let ip: IpAddr = addresses.find(|ip| !ip.is_empty()).unwrap().parse().unwrap();
        let port = desk.edge.port;
        let edge = SocketAddr::from(([127, 0, 0, 1], port));
        Self { direct: (ip, 8000).into(), edge, host: format!("{name}-acme.localhost:{port}") }
    }

    /// Asks both ways with both clients; what differs.
    async fn differences(&self, ask: &Ask) -> Vec<String> {
        let (direct, through, direct_too, through_too) = tokio::join!(
            ask.by_hyper(self.direct, &self.host),
            ask.by_hyper(self.edge, &self.host),
            ask.by_curl(self.direct, &self.host),
            ask.by_curl(self.edge, &self.host),
        );
        let mut found = differences("hyper", ask, (direct, through));
        found.extend(differences("curl", ask, (direct_too, through_too)));
        found
    }

    /// The body of an answer through Patr, as text.
    async fn text(&self, target: &str) -> String {
        let answer = Ask::get(target).by_hyper(self.edge, &self.host).await.unwrap();
        String::from_utf8(answer.body.into()).unwrap()
    }
}

type Asked = Result<Answer, String>;

fn differences(client: &str, ask: &Ask, (direct, through): (Asked, Asked)) -> Vec<String> {
    let found = match (direct, through) {
        (Ok(direct), Ok(through)) => compare(ask.method, direct, through),
        (direct, through) => vec![format!("directly {direct:?}, through Patr {through:?}")],
    };
    let name = format!("{client} {} {:.120}", ask.method, ask.target);
    found.into_iter().map(|difference| format!("{name}: {difference:.1000}")).collect()
}

/// Fields about one connection (RFC 9110, 7.6.1), and what announces trailers, which do not pass.
const OF_ONE_CONNECTION: [&str; 5] = ["connection", "keep-alive", "trailer", "transfer-encoding", "upgrade"];

fn compare(method: &str, mut direct: Answer, mut through: Answer) -> Vec<String> {
    let named = direct.values("connection").join(",").to_ascii_lowercase();
    let named: Vec<&str> = named.split(',').map(str::trim).collect();
    for fields in [&mut direct.fields, &mut through.fields] {
        fields.retain(|name, _| !OF_ONE_CONNECTION.contains(&&name[..]) && !named.contains(&&name[..]));
        joined(fields);
    }
    for value in direct.fields.values_mut().flatten() {
        *value = as_text(value);
    }
    // A length beside no body may be left out (RFC 9110, 8.6), and the platform does.
    if through.status == 304 {
        direct.fields.remove("content-length");
    }
    // The answers were made at different times.
    if through.fields.contains_key("date") {
        direct.fields.remove("date");
        through.fields.remove("date");
    }
    // An answer that is whole before it goes on is sent with its length.
    let length = through.body.len().to_string().into_bytes();
    let may_say = (method != "HEAD" || through.status == 205) && !matches!(through.status, 204 | 304);
    if may_say
        && !direct.fields.contains_key("content-length")
        && through.fields.get("content-length").is_none_or(|said| *said == [length])
    {
        through.fields.remove("content-length");
    }
    let (seen, also_seen) = (seen(&direct), seen(&through));
    if seen.is_some() && also_seen.is_some() {
        // They say what was seen, which is compared below.
        direct.fields.remove("content-length");
        through.fields.remove("content-length");
    }
    let mut found = Vec::new();
    // Every answer can be quoted.
    if through.fields.remove("patr-request-id").is_none() {
        found.push("no `patr-request-id`".to_owned());
    }
    if direct.status != through.status {
        found.push(format!("status {} and {}", direct.status, through.status));
    }
    found.extend(differing("answered", &direct.fields, &through.fields));
    match (seen, also_seen) {
        (Some(direct), Some(through)) => found.extend(direct.compared_with(through)),
        _ if direct.body != through.body => {
            found.push(format!("body {:?} and {:?}", direct.body.len(), through.body));
        }
        _ => {}
    }
    found
}

/// The platform writes fields as UTF-8: what is none is taken for Latin-1.
fn as_text(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(_) => value.to_vec(),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes(),
    }
}

/// The platform hands some repeated fields on as one (RFC 9110, 5.3), but never cookies.
fn joined(fields: &mut Fields) {
    for (name, values) in fields {
        if name != "set-cookie" {
            *values = vec![values.join(&b", "[..])];
        }
    }
}

fn differing(what: &str, direct: &Fields, through: &Fields) -> Vec<String> {
    let names = direct.keys().chain(through.keys().filter(|name| !direct.contains_key(*name)));
    names
        .filter(|name| direct.get(*name) != through.get(*name))
        .map(|name| {
            let shown = |fields: &Fields| {
                fields.get(name).map(|values| {
                    values.iter().map(|value| value.escape_ascii().to_string()).collect::<Vec<_>>()
                })
            };
            format!("{what} `{name}`: {:?} and {:?}", shown(direct), shown(through))
        })
        .collect()
}

/// What a server that echoes has seen of a request.
#[derive(Deserialize)]
struct Seen {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    length: u64,
    sha256: String,
}

fn seen(answer: &Answer) -> Option<Seen> {
    serde_json::from_slice(&answer.body).ok()
}

impl Seen {
    /// Repeated fields of a request arrive as one, joined as RFC 9110, 5.3 says: the platform hands them on so.
    fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::<String, String>::new();
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            match fields.get_mut(&name) {
                Some(values) => *values = format!("{values}, {value}"),
                None => drop(fields.insert(name, value.clone())),
            }
        }
        fields
    }

    /// But for what is about one connection, and what Patr says about the client.
    fn compared_with(&self, through: Self) -> Vec<String> {
        let mut found = Vec::new();
        let line = |seen: &Self| format!("{} {} {} {}", seen.method, seen.target, seen.length, seen.sha256);
        if line(self) != line(&through) {
            found.push(format!("seen {} and {}", line(self), line(&through)));
        }
        let ours = |name: &String| {
            matches!(&name[..], "forwarded" | "x-request-id") || name.starts_with("x-forwarded-")
        };
        let fields = |seen: &Self| {
            let mut fields = seen.fields();
            fields.retain(|name, _| {
                !ours(name)
                    && !OF_ONE_CONNECTION.contains(&&name[..])
                    && !["te", "expect", "proxy-connection"].contains(&&name[..])
            });
            fields
        };
        let (direct, mut through) = (fields(self), fields(&through));
        if !direct.contains_key("content-length") {
            through.remove("content-length");
        }
        if direct != through {
            found.push(format!("seen {direct:?}\n and {through:?}"));
        }
        found
    }
}

const NODE: &str = "node /run/server.mjs";

#[tokio::test]
async fn what_is_asked_and_answered_is_the_same_as_without_patr() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let node = Place::of(&mut desk, &image, "node", "server.mjs", NODE).await;
    let python = Place::of(&mut desk, &image, "python", "server.py", "python3 /run/server.py").await;
    let nginx = "sh -c 'mkdir -p /srv/folder && seq 1 5000 > /srv/lines && touch -d 2026-01-01 /srv/lines && \
                 exec nginx -c /run/nginx.conf'";
    let nginx = Place::of(&mut desk, &image, "nginx", "nginx.conf", nginx).await;
    let mut found = Vec::new();
    for (place, asks) in [(&node, cases::node()), (&python, cases::python()), (&nginx, cases::nginx())] {
        for ask in asks {
            found.extend(place.differences(&ask).await);
        }
    }
    assert!(found.is_empty(), "{} differences\n{}", found.len(), found.join("\n"));
    shapes::are_refused(&node).await;
    methods_reach_a_proxied_server_as_they_are(&desk, &node).await;
}

async fn methods_reach_a_proxied_server_as_they_are(desk: &Desk, node: &Place) {
    let to = NewTarget::Proxy { url: format!("http://{}/echo", node.direct).parse().unwrap() };
    url(&desk.owner, "/", to, UrlOptions::default()).await;
    let host = format!("shop.localhost:{}", desk.edge.port);
    for method in cases::METHODS {
        let answer = Ask { method, ..Ask::get("/") }.by_hyper(node.edge, &host).await.unwrap();
        assert_eq!(seen(&answer).map(|seen| seen.method).as_deref(), Some(method), "{answer:?}");
    }
}
