//! Previews, what is carried of earlier versions, who may see a site, and what was served of it.

use bytes::Bytes;
use http::Method;
use patr_models::{
    endpoint::{
        Call,
        body::{Json, NoBody, Octets},
        headers::NoHeaders,
    },
    site::{
        PackHash, SiteVersion, create, create_version,
        manifest::{Coding, NewEntry, NewRepresentation, write},
        put_pack, rollback, set_access, stats,
    },
};
use patr_stories::{Caller, Edge, eventually, http_client};
use reqwest::{RequestBuilder, Response, redirect::Policy};

async fn with_site(edge: &Edge) -> Caller {
    let owner = edge.owner("owner", "acme").await;
    let body = Json(create::Body { name: "docs".parse().unwrap() });
    owner.call_once::<create::CreateSite>(create::Path { workspace: owner.workspace() }, body).await.unwrap();
    owner
}

/// Uploads files, each in a pack of its own. A name with two dots is of its content.
async fn upload(owner: &Caller, files: &[(&str, &str)], preview: bool) -> SiteVersion {
    let mut packs = Vec::new();
    let mut entries = Vec::new();
    for (path, text) in files {
        let bytes = Bytes::from((*text).to_owned());
        let hash = PackHash::of(&bytes);
        let to = put_pack::Path {
            workspace: owner.workspace(),
            site: "docs".parse().unwrap(),
            pack: hash.clone(),
        };
        owner.call::<put_pack::PutPack>(to, Octets(bytes)).await.unwrap();
        entries.push(NewEntry {
            path: (*path).to_owned(),
            content_type: "text/html; charset=utf-8".to_owned(),
            immutable: path.matches('.').count() > 1,
            until_day: 0,
            representations: vec![NewRepresentation {
                coding: Coding::Identity,
                pack: packs.len() as u32,
                packs: 1,
                offset: 0,
                size: text.len() as u64,
                hash: hash.to_bytes(),
            }],
        });
        packs.push(hash);
    }
    let body = Octets(write(&packs, entries, b"").unwrap().into());
    let path = create_version::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    let query = create_version::Query { preview, preview_days: None };
    let call = Call::<create_version::CreateVersion> { path, query, headers: NoHeaders, body };
    owner.send(call).await.unwrap().0
}

/// The first label of an address.
fn label(url: &str) -> &str {
    url.split_once("://").unwrap().1.split('.').next().unwrap()
}

#[tokio::test]
async fn a_preview_is_served_beside_the_live_version_until_it_becomes_that() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "one")], false).await;
    let preview = upload(&owner, &[("index.html", "two")], true).await;
    let url = preview.preview.unwrap().url;
    assert_eq!(edge.get(label(&url), "/").await, (200, "two".to_owned()));
    assert_eq!(edge.get("docs-acme", "/").await, (200, "one".to_owned()));
    let path = rollback::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    let body = Json(rollback::Body { version: Some(preview.number) });
    owner.call::<rollback::RollBackSite>(path, body).await.unwrap();
    assert_eq!(edge.get("docs-acme", "/").await, (200, "two".to_owned()));
}

async fn set(owner: &Caller, access: &str) {
    let path = set_access::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    let body = serde_json::from_str(access).unwrap();
    owner.call::<set_access::SetSiteAccess>(path, Json(body)).await.unwrap();
}

/// What a browser sends to open a page of the site.
async fn open(edge: &Edge, path: &str, cookie: &str) -> Response {
    let request = edge.request(Method::GET, "docs-acme", path).header("accept", "text/html");
    request.header("cookie", cookie).send().await.unwrap()
}

fn form(request: RequestBuilder, body: &str) -> RequestBuilder {
    request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
}

fn cookie(response: &Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_site_with_a_password_asks_for_it_once() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "for some")], false).await;
    set(&owner, r#"{"kind":"password","password":"open sesame"}"#).await;
    let asked = open(&edge, "/", "").await;
    assert_eq!(asked.status(), 401);
    assert!(!asked.text().await.unwrap().contains("for some"));

    let post = async |body: &str| {
        form(edge.request(Method::POST, "docs-acme", "/.patr/access"), body).send().await.unwrap()
    };
    assert_eq!(post("password=wrong&to=%2F").await.status(), 401);
    let let_in = post("password=open+sesame&to=%2F").await;
    assert_eq!((let_in.status().as_u16(), location(&let_in)), (303, "/".to_owned()));
    let page = open(&edge, "/", &cookie(&let_in)).await;
    assert_eq!(page.headers()["cache-control"].to_str().unwrap().split(',').next(), Some("private"));
    assert_eq!(page.text().await.unwrap(), "for some");

    set(&owner, r#"{"kind":"password","password":"another one"}"#).await;
    assert_eq!(open(&edge, "/", &cookie(&let_in)).await.status(), 401);
}

#[tokio::test]
async fn a_member_comes_back_from_the_control_host_and_is_let_in() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "for members")], false).await;
    set(&owner, r#"{"kind":"members"}"#).await;
    let sent = open(&edge, "/?page=2", "").await;
    assert_eq!(sent.status(), 303);
    let control = location(&sent);

    let http = http_client().redirect(Policy::none()).build().unwrap();
    let asked = http.get(&control).send().await.unwrap();
    let asked = location(&asked);
    let next = asked.strip_prefix("/login?next=").unwrap();
    let body = format!("next={next}&email=owner%40example.com&password=correct+horse+battery");
    let post = http.post(format!("{}/login", edge.url())).header("sec-fetch-site", "same-origin");
    let logged_in = form(post, &body).send().await.unwrap();
    let next = format!("{}{}", edge.url(), location(&logged_in));
    let back = http.get(next).header("cookie", cookie(&logged_in)).send().await.unwrap();
    assert_eq!(back.status(), 303);
    let back = location(&back);
    let (_, code) = back.split_once("/.patr/access").unwrap();

    let exchanged = open(&edge, &format!("/.patr/access{code}"), "").await;
    assert_eq!(location(&exchanged), "/?page=2");
    let page = open(&edge, "/?page=2", &cookie(&exchanged)).await;
    assert_eq!(page.text().await.unwrap(), "for members");
}

#[tokio::test]
async fn what_was_served_is_counted() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "twelve bytes")], false).await;
    for _ in 0..3 {
        assert_eq!(edge.get("docs-acme", "/").await.0, 200);
    }
    assert_eq!(edge.get("docs-acme", "/missing").await.0, 404);
    let days = eventually("four requests are counted", async || {
        let path = stats::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
        let query = stats::Query::default();
        let call = Call::<stats::GetSiteStats> { path, query, headers: NoHeaders, body: NoBody };
        let days = owner.send(call).await.unwrap().0.days;
        // Over midnight they are on two days.
        match days.iter().map(|day| day.requests).sum::<u64>() {
            4 => Ok(days),
            _ => Err(days),
        }
    })
    .await;
    let sum = |of: fn(&stats::Day) -> u64| days.iter().map(of).sum::<u64>();
    assert_eq!((sum(|day| day.status_2xx), sum(|day| day.status_4xx)), (3, 1));
    assert_eq!(sum(|day| day.bytes), 36 + "Not found\n".len() as u64);
    assert!(sum(|day| day.cache_hits) >= 2, "{days:?}");
}
