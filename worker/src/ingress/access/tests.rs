use futures_executor::block_on;
use http::Request;
use patr_models::{managed_url::RouteTarget, site::set_access};

use super::*;
use crate::testing::{App, Caller, site::HOUR};

const CSS: &str = "text/css";
const HTML: &str = "text/html";
const FORM: &str = "/.patr/access";

fn protected<'a>(app: &'a App, access: &str) -> Caller<'a> {
    let owner = app.owner("acme");
    app.set_passwords("correct horse battery");
    owner.site();
    owner.deploy_files(&[("index.html", "for some")]);
    set(&owner, access);
    owner
}

fn set(owner: &Caller<'_>, access: &str) {
    let body: set_access::Body = serde_json::from_str(access).unwrap();
    let path = set_access::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    owner.call::<set_access::SetSiteAccess>(path, patr_models::endpoint::body::Json(body)).unwrap();
}

const PASSWORD: &str = r#"{"kind":"password","password":"open sesame"}"#;
const MEMBERS: &str = r#"{"kind":"members"}"#;

fn guard_of(app: &App, label: &str) -> Option<Guard> {
    match &app.table(label).unwrap().routes[0].to {
        RouteTarget::Site { guard, .. } => *guard,
        other => panic!("{other:?} is no site"),
    }
}

/// Sends a request to the site, as the ingress would see it.
struct Visit<'a> {
    app: &'a App,
    request: http::request::Builder,
    path: &'a str,
}

impl<'a> Visit<'a> {
    fn new(app: &'a App, method: &str, path: &'a str) -> Self {
        Self { app, request: Request::builder().method(method).uri(path), path }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// `None` is let in.
    fn send(self, body: &str) -> Option<Response<Bytes>> {
        let table = self.app.table("docs-acme").unwrap();
        let RouteTarget::Site { site, guard: Some(guard), .. } = table.routes[0].to else {
            panic!("no guard")
        };
        let rest = self.path.split('?').next().unwrap();
        let (workspace, host, prefix) = (table.workspace, "docs-acme.apps.example", "/");
        let place = Place { workspace, site, guard, host, prefix, rest };
        let ctx = self.app.ctx();
        let (parts, ()) = self.request.body(()).unwrap().into_parts();
        let cookies = parts.headers.get("cookie").map_or("", |value| value.to_str().unwrap());
        if !place.is_reserved() && place.lock(&ctx).opens(cookies, ctx.now) {
            return None;
        }
        block_on(answer(&ctx, &place, &parts, body.as_bytes())).map_err(|fault| fault.to_string()).unwrap()
    }
}

fn browse(app: &App, path: &str) -> Option<Response<Bytes>> {
    Visit::new(app, "GET", path).with("accept", HTML).send("")
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

/// The cookie that an answer sets, as a browser sends it.
fn cookie(response: &Response<Bytes>) -> String {
    header(response, "set-cookie").split(';').next().unwrap().to_owned()
}

fn try_password(app: &App, password: &str, client: &str) -> Response<Bytes> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("password", password)
        .append_pair("to", "/page?x=1")
        .finish();
    Visit::new(app, "POST", FORM).with("cf-connecting-ip", client).send(&body).unwrap()
}

#[test]
fn a_browser_sees_a_form_and_a_program_an_error() {
    let app = App::new();
    protected(&app, PASSWORD);
    let page = browse(&app, "/page?x=1").unwrap();
    assert_eq!((page.status().as_u16(), header(&page, "cache-control")), (401, "no-store"));
    assert!(text(&page).contains("action=\"/.patr/access\"") && text(&page).contains("value=\"/page?x=1\""));
    let css = Visit::new(&app, "GET", "/style.css").with("accept", CSS).send("").unwrap();
    assert_eq!(css.status().as_u16(), 401);
    assert!(text(&css).contains("access_needed"));
}

#[test]
fn the_right_password_lets_in_until_it_is_changed_even_to_the_same() {
    let app = App::new();
    let owner = protected(&app, PASSWORD);
    let answer = try_password(&app, "open sesame", "192.0.2.1");
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (303, "/page?x=1"));
    for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=43200"] {
        assert!(header(&answer, "set-cookie").contains(attribute), "{attribute}");
    }
    let cookie = cookie(&answer);
    let with_cookie = || Visit::new(&app, "GET", "/").with("cookie", &cookie).with("accept", HTML).send("");
    assert!(with_cookie().is_none());
    set(&owner, PASSWORD);
    assert_eq!(with_cookie().unwrap().status().as_u16(), 401);
}

#[test]
fn a_cookie_ends_after_twelve_hours() {
    let app = App::new();
    protected(&app, PASSWORD);
    let cookie = cookie(&try_password(&app, "open sesame", "192.0.2.1"));
    app.pass(12 * HOUR);
    assert!(Visit::new(&app, "GET", "/").with("cookie", &cookie).send("").is_some());
}

#[test]
fn guessing_is_slowed_down_for_who_guesses() {
    let app = App::new();
    protected(&app, PASSWORD);
    for _ in 0..10 {
        assert_eq!(try_password(&app, "guess", "2001:db8::1").status().as_u16(), 401);
    }
    assert_eq!(try_password(&app, "open sesame", "2001:db8::2").status().as_u16(), 429, "one network");
    assert_eq!(try_password(&app, "open sesame", "192.0.2.1").status().as_u16(), 303);
    app.pass(HOUR);
    app.sweep();
    assert_eq!(try_password(&app, "open sesame", "2001:db8::1").status().as_u16(), 303);
}

#[test]
fn nobody_is_led_to_another_host() {
    for elsewhere in ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", ""] {
        assert_eq!(local(elsewhere), "/", "{elsewhere}");
    }
    assert_eq!(local("/a/b?c=d"), "/a/b?c=d");
}

#[test]
fn a_token_of_a_member_lets_in_and_others_do_not() {
    let app = App::new();
    let owner = protected(&app, MEMBERS);
    let stranger = app.owner("other");
    let with = |token: &str| Visit::new(&app, "GET", "/").with("authorization", token).send("");
    assert!(with(&format!("Bearer {}", owner.token())).is_none());
    assert_eq!(with(&format!("Bearer {}", stranger.token())).unwrap().status().as_u16(), 401);
    assert_eq!(with("Bearer patr_t_forged").unwrap().status().as_u16(), 401);
    assert_eq!(with("Basic eA==").unwrap().status().as_u16(), 401);
}

/// A request to the control host, by somebody who is logged in there.
fn control(app: &App, uri: &str, person: Option<&Caller<'_>>) -> Response<Bytes> {
    let mut request = Request::builder().uri(uri);
    if let Some(person) = person {
        request = request.header("cookie", format!("patr_session={}", person.token()));
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    block_on(members::answer(&app.ctx(), &parts)).map_err(|fault| fault.to_string()).unwrap()
}

/// Where a visitor without a cookie is sent, and what is answered there.
fn come_in(app: &App, person: Option<&Caller<'_>>) -> Response<Bytes> {
    let sent = browse(app, "/page").unwrap();
    let location = header(&sent, "location").strip_prefix("https://patr.example").unwrap();
    control(app, location, person)
}

#[test]
fn a_member_comes_back_from_the_control_host_with_a_code_that_works_once() {
    let app = App::new();
    let owner = protected(&app, MEMBERS);
    let back = come_in(&app, Some(&owner));
    let location = header(&back, "location").strip_prefix("https://docs-acme.apps.example").unwrap();
    let exchanged = Visit::new(&app, "GET", location).send("").unwrap();
    assert_eq!((exchanged.status().as_u16(), header(&exchanged, "location")), (303, "/page"));
    let cookie = cookie(&exchanged);
    assert!(Visit::new(&app, "GET", "/page").with("cookie", &cookie).send("").is_none());

    let again = Visit::new(&app, "GET", location).send("").unwrap();
    assert!(header(&again, "location").starts_with("https://patr.example/site-access?"));
    assert!(!again.headers().contains_key("set-cookie"));
}

#[test]
fn who_is_not_logged_in_is_asked_to_and_then_led_back() {
    let app = App::new();
    let owner = protected(&app, MEMBERS);
    let sent = come_in(&app, None);
    let location = header(&sent, "location");
    assert_eq!(sent.status().as_u16(), 303);
    let query = location.strip_prefix("/login?").unwrap();
    let (name, next) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
    assert_eq!((&*name, local(&next)), ("next", &*next));
    let back = control(&app, &next, Some(&owner));
    assert!(header(&back, "location").starts_with("https://docs-acme.apps.example/.patr/access?code="));
}

#[test]
fn a_code_is_good_for_a_minute() {
    let app = App::new();
    let owner = protected(&app, MEMBERS);
    let back = come_in(&app, Some(&owner));
    let location = header(&back, "location").strip_prefix("https://docs-acme.apps.example").unwrap();
    app.pass(super::super::lock::CODE_LASTS);
    let late = Visit::new(&app, "GET", location).send("").unwrap();
    assert!(!late.headers().contains_key("set-cookie"));
}

#[test]
fn somebody_who_is_no_member_gets_no_code() {
    let app = App::new();
    protected(&app, MEMBERS);
    let stranger = app.owner("other");
    let answer = come_in(&app, Some(&stranger));
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("location")), (403, false));
}

#[test]
fn a_code_is_sent_only_to_an_address_of_that_site() {
    let app = App::new();
    let owner = protected(&app, MEMBERS);
    let site = owner.show_site().id;
    let get = |host: &str, path: &str| {
        let uri = format!("{}?site={site}&host={host}&path={path}&to=/", members::PATH);
        control(&app, &uri, Some(&owner)).status().as_u16()
    };
    assert_eq!(get("docs-acme.apps.example", "/"), 303);
    assert_eq!(get("evil.example", "/"), 404);
    assert_eq!(get("docs-acme.apps.example", "/other"), 404);
    set(&owner, PASSWORD);
    assert_eq!(get("docs-acme.apps.example", "/"), 404, "not one for members");
}

#[test]
fn previews_are_as_protected_as_their_site_and_the_password_is_nowhere_in_kv() {
    let app = App::new();
    let owner = protected(&app, PASSWORD);
    let preview = owner.preview_files(&[("index.html", "new")], None).preview.unwrap();
    let label = preview.url.strip_prefix("https://").unwrap().strip_suffix(".apps.example").unwrap();
    assert_eq!(guard_of(&app, label), Some(Guard { access: Access::Password, generation: 1 }));
    assert_eq!(owner.show_site().access, Access::Password);
    assert!(app.audit().contains(&"SetSiteAccess".to_owned()));
    for (key, value) in app.kv.values() {
        assert!(!String::from_utf8_lossy(&value).contains("argon2"), "{key}");
    }
    set(&owner, r#"{"kind":"public"}"#);
    assert_eq!((guard_of(&app, label), guard_of(&app, "docs-acme")), (None, None));
}

#[test]
fn a_short_password_is_refused() {
    assert!(serde_json::from_str::<set_access::Body>(r#"{"kind":"password","password":"short"}"#).is_err());
    assert!(
        serde_json::from_str::<set_access::Body>(r#"{"kind":"public","password":"open sesame"}"#).is_err()
    );
}
