//! Clients of others, from being registered to being let out again.

mod consent;
mod library;
mod tokens;

use std::collections::BTreeMap;

use futures_executor::block_on;
use http::Request;
use patr_models::{
    endpoint::body::Json,
    oauth::create_client::{self, CreateClient, NewClient},
};
use serde_json::Value;
use url::Url;

use super::*;
use crate::{
    pages,
    testing::{Answered, App, Caller},
};

const REDIRECT: &str = "https://tool.example/cb";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ISSUER: &str = "https://patr.example";

fn register(maker: &Caller<'_>, name: &str, confidential: bool, redirect_uris: &[&str]) -> NewClient {
    let redirect_uris = redirect_uris.iter().map(|uri| uri.parse().unwrap()).collect();
    let body = create_client::Body { name: name.parse().unwrap(), redirect_uris, confidential };
    maker.create::<CreateClient>(create_client::Path {}, Json(body)).unwrap().0
}

/// A client that cannot keep a secret.
fn tool(app: &App) -> NewClient {
    register(&app.person("bob"), "tool", false, &[REDIRECT])
}

/// The address that the client sends a person to, with these parameters in place of the usual ones; without those that are
/// empty.
fn address(client: &NewClient, others: &[(&str, &str)]) -> String {
    let id = client.client.id.to_string();
    let mut all = BTreeMap::from([
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", REDIRECT),
        ("scope", "site:view site:deploy"),
        ("state", "a b&c"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    all.extend(others.iter().copied());
    all.retain(|_, value| !value.is_empty());
    format!("{}?{}", authorize::PATH, form(&all.into_iter().collect::<Vec<_>>()))
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A request of a browser, for a page or with a form of one of our pages.
fn browse(who: &Caller<'_>, method: Method, path: &str, site: &str, body: &str) -> Response<Bytes> {
    let cookie = format!("patr_session={}", who.token());
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", cookie).header("sec-fetch-site", site);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let answered = block_on(pages::answer(&who.app().ctx(), &parts, body.as_bytes()));
    answered.map_err(|fault| fault.to_string()).unwrap()
}

fn open(who: &Caller<'_>, path: &str) -> Response<Bytes> {
    browse(who, Method::GET, path, "none", "")
}

fn submit(who: &Caller<'_>, fields: &[(&str, &str)]) -> Response<Bytes> {
    browse(who, Method::POST, authorize::PATH, "same-origin", &form(fields))
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// The fields of a form that are not shown, and the names of its boxes to tick.
fn fields(page: &Response<Bytes>) -> (Vec<(String, String)>, Vec<String>) {
    let text = text(page);
    let plain = |text: &str| {
        text.replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    };
    let of = |kind: &str| -> Vec<(String, String)> {
        let begins = format!("<input type={kind} name=\"");
        text.split(&begins)
            .skip(1)
            .map(|rest| {
                let (name, rest) = rest.split_once('"').unwrap();
                let value = rest.strip_prefix(" value=\"").map_or("", |rest| rest.split('"').next().unwrap());
                (plain(name), plain(value))
            })
            .collect()
    };
    (of("hidden"), of("checkbox").into_iter().map(|(name, _)| name).collect())
}

/// The person opens the page, ticks every workspace and decides.
fn decide(who: &Caller<'_>, path: &str, decision: &str) -> Response<Bytes> {
    let page = open(who, path);
    assert_eq!(page.status(), 200, "{}", text(&page));
    let (hidden, boxes) = fields(&page);
    let mut all: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
    all.extend(boxes.iter().map(|name| (&**name, "on")));
    all.push(("decision", decision));
    submit(who, &all)
}

/// Whether an answer sends the person on to the client.
fn leads_back(response: &Response<Bytes>) -> bool {
    response.headers().contains_key("refresh")
}

/// Where an answer leads, and what it says there.
fn led(response: &Response<Bytes>) -> (String, BTreeMap<String, String>) {
    assert!(leads_back(response), "{}", text(response));
    let to = response.headers()["refresh"].to_str().unwrap().strip_prefix("0;url=").unwrap();
    let mut url: Url = to.parse().unwrap();
    let said = url.query_pairs().into_owned().collect();
    url.set_query(None);
    (url.into(), said)
}

/// The code that the client gets.
fn code(who: &Caller<'_>, client: &NewClient) -> String {
    let (_, said) = led(&decide(who, &address(client, &[]), "approve"));
    said["code"].clone()
}

/// What a client is answered that asks for tokens, with these fields besides its own name.
fn ask(app: &App, client: &NewClient, fields: &[(&str, &str)]) -> Answered {
    let id = client.client.id.to_string();
    app.form(TOKEN, &form(&[&[("client_id", &*id)], fields].concat()))
}

fn exchange(app: &App, client: &NewClient, code: &str) -> Answered {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    ask(app, client, &fields)
}

fn refresh(app: &App, client: &NewClient, token: &str) -> Answered {
    ask(app, client, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn json(answered: &Answered) -> Value {
    serde_json::from_slice(answered.body()).unwrap()
}

/// What a client is refused with.
fn error(answered: &Answered) -> (u16, String) {
    (answered.status(), json(answered)["error"].as_str().unwrap_or_default().to_owned())
}

/// The two tokens of a client.
struct Tokens {
    access: String,
    refresh: String,
}

impl Tokens {
    fn of(answered: &Answered) -> Self {
        assert_eq!(answered.status(), 200, "{}", String::from_utf8_lossy(answered.body()));
        let json = json(answered);
        let field = |name: &str| json[name].as_str().unwrap().to_owned();
        Self { access: field("access_token"), refresh: field("refresh_token") }
    }
}

/// A client that somebody lets in.
fn let_in(who: &Caller<'_>, client: &NewClient) -> Tokens {
    Tokens::of(&exchange(who.app(), client, &code(who, client)))
}

/// What an access token is answered.
fn get(app: &App, token: &str, path: &str) -> u16 {
    app.anonymous().with_token(token.to_owned()).raw(Method::GET, path, "").status()
}

const SITES: &str = "/api/v1/workspaces/acme/sites";
