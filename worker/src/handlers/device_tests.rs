use std::time::Duration;

use bytes::Bytes;
use futures_executor::block_on;
use http::{Method, Request, Response};
use patr_models::{
    device::authorize,
    endpoint::body::Json,
    user::{Session, who_am_i},
};

use super::*;
use crate::{
    pages,
    testing::{App, Caller, Outcome, code, refusal},
};

const INTERVAL: Duration = Duration::from_secs(INTERVAL_S as u64);

fn begin(app: &App, device: &str) -> DeviceAuthorization {
    let body = Json(authorize::Body { device: Some(device.to_owned()) });
    app.anonymous().call::<AuthorizeDevice>(authorize::Path {}, body).unwrap().0
}

fn ask(app: &App, device_code: &str) -> Outcome<Session> {
    let body = Json(exchange::Body { device_code: device_code.to_owned() });
    app.anonymous().call::<ExchangeDeviceCode>(exchange::Path {}, body).map(|made| made.0)
}

/// A request for the page.
fn send(app: &App, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    block_on(pages::answer(&app.ctx(), &parts, body.as_bytes())).map_err(|fault| fault.to_string()).unwrap()
}

fn cookie(person: &Caller<'_>) -> String {
    format!("patr_session={}", person.token())
}

/// The same from a browser that is logged in as this person.
fn page(person: &Caller<'_>, method: Method, path: &str, body: &str) -> Response<Bytes> {
    let headers = [("cookie", &*cookie(person)), ("sec-fetch-site", "same-origin")];
    send(person.app(), method, path, &headers, body)
}

fn status(response: &Response<Bytes>) -> u16 {
    response.status().as_u16()
}

fn shown(person: &Caller<'_>, code: &str) -> String {
    let answered = page(person, Method::GET, &format!("/device?user_code={code}"), "");
    String::from_utf8(answered.body().to_vec()).unwrap()
}

fn decide_as(person: &Caller<'_>, code: &str, decision: &str) -> Response<Bytes> {
    page(person, Method::POST, "/device", &format!("user_code={code}&decision={decision}"))
}

#[test]
fn a_device_is_let_in_as_whoever_approves_it_and_once() {
    let app = App::new();
    let ada = app.person("ada");
    let begun = begin(&app, "ada-laptop");
    assert_eq!(code(ask(&app, &begun.device_code)), "authorization_pending");
    let text = shown(&ada, &begun.user_code.to_string());
    assert!(text.contains(&begun.user_code.to_string()) && text.contains("ada-laptop"), "{text}");
    assert!(text.contains("ada@example.com"), "{text}");
    assert_eq!(status(&decide_as(&ada, &begun.user_code.to_string(), "approve")), 200);
    app.pass(INTERVAL);
    let session = ask(&app, &begun.device_code).unwrap();
    let me = app.anonymous().with_token(session.token);
    let me = me.get::<who_am_i::WhoAmI>(who_am_i::Path {}).unwrap().0;
    assert_eq!(me.email.as_str(), "ada@example.com");
    assert_eq!(code(ask(&app, &begun.device_code)), "expired_token", "a code is good once");
    assert_eq!(app.audit(), ["ApproveDevice", "ExchangeDeviceCode"]);
}

#[test]
fn a_device_that_is_refused_is_told_so() {
    let app = App::new();
    let ada = app.person("ada");
    let begun = begin(&app, "");
    assert_eq!(status(&decide_as(&ada, &begun.user_code.to_string(), "deny")), 200);
    assert_eq!(code(ask(&app, &begun.device_code)), "access_denied");
    assert_eq!(app.last_audit(), "DenyDevice");
    let again = decide_as(&ada, &begun.user_code.to_string(), "approve");
    assert!(String::from_utf8_lossy(again.body()).contains("no such code"), "what is decided is decided");
    assert_eq!(code(ask(&app, &begun.device_code)), "access_denied");
}

#[test]
fn codes_are_good_for_a_quarter_of_an_hour() {
    let app = App::new();
    let ada = app.person("ada");
    let begun = begin(&app, "");
    app.pass(Duration::from_secs(CODE_LIFE_S.into()));
    assert_eq!(code(ask(&app, &begun.device_code)), "expired_token");
    assert!(shown(&ada, &begun.user_code.to_string()).contains("no such code"));
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT * FROM device_codes").len(), 0);
}

#[test]
fn who_asks_too_often_is_told_to_slow_down_and_has_to() {
    let app = App::new();
    let begun = begin(&app, "");
    let asked = || refusal(ask(&app, &begun.device_code));
    assert_eq!(asked().code, "authorization_pending");
    app.pass(Duration::from_secs(4));
    let slower = asked();
    assert_eq!(slower.code, "slow_down");
    assert!(slower.hint.unwrap().contains("10 seconds"));
    app.pass(INTERVAL);
    assert_eq!(asked().code, "slow_down", "the interval is longer now");
    app.pass(Duration::from_secs(15));
    assert_eq!(asked().code, "authorization_pending");
}

#[test]
fn the_way_that_a_question_has_makes_none_too_early() {
    let app = App::new();
    let begun = begin(&app, "");
    ask(&app, &begun.device_code).unwrap_err();
    app.pass(INTERVAL - Duration::from_millis(400));
    assert_eq!(code(ask(&app, &begun.device_code)), "authorization_pending");
}

#[test]
fn codes_cannot_be_guessed_for_long() {
    let app = App::new();
    let (eve, ada) = (app.person("eve"), app.person("ada"));
    let begun = begin(&app, "");
    for _ in 0..10 {
        assert!(shown(&eve, "BBBB-BBBB").contains("no such code"));
    }
    let right = begun.user_code.to_string();
    assert_eq!(status(&page(&eve, Method::GET, &format!("/device?user_code={right}"), "")), 429);
    assert_eq!(status(&decide_as(&eve, &right, "approve")), 429);
    assert_eq!(code(ask(&app, &begun.device_code)), "authorization_pending");
    assert!(shown(&ada, &right).contains("Does your device show this code?"), "others are not kept out");
    app.pass(Duration::from_secs(15 * 60));
    assert!(shown(&eve, "BBBB-BBBB").contains("no such code"));
}

#[test]
fn a_right_code_is_no_guess() {
    let app = App::new();
    let ada = app.person("ada");
    let begun = begin(&app, "");
    for _ in 0..12 {
        assert!(shown(&ada, &begun.user_code.to_string()).contains("Does your device"));
    }
}

#[test]
fn nobody_decides_who_is_not_logged_in_or_whose_browser_another_page_sends() {
    let app = App::new();
    let ada = app.person("ada");
    let begun = begin(&app, "");
    let path = format!("/device?user_code={}", begun.user_code);
    let stranger = send(&app, Method::GET, &path, &[], "");
    assert_eq!(status(&stranger), 303);
    let to = stranger.headers()["location"].to_str().unwrap();
    assert!(to.starts_with("/login?next=%2Fdevice%3Fuser_code%3D"), "{to}");
    let cookie = cookie(&ada);
    let body = format!("user_code={}&decision=approve", begun.user_code);
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", site)];
        assert_eq!(status(&send(&app, Method::POST, "/device", &headers, &body)), 403, "{site}");
    }
    let without = [("cookie", cookie.as_str())];
    assert_eq!(status(&send(&app, Method::POST, "/device", &without, &body)), 403);
    assert_eq!(code(ask(&app, &begun.device_code)), "authorization_pending");
}

#[test]
fn neither_code_is_stored_and_the_page_shows_no_markup_of_a_device() {
    let app = App::new();
    let ada = app.person("ada");
    let begun = begin(&app, "<script>alert(1)</script>\u{7}");
    let dump = app.sqlite.dump().join("\n");
    assert!(!dump.contains(&begun.device_code) && !dump.contains(&begun.user_code.to_string()));
    let text = shown(&ada, &begun.user_code.to_string());
    assert!(!text.contains("<script>alert") && text.contains("&lt;script&gt;"), "{text}");
}
