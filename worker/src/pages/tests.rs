use std::time::Duration;

use futures_executor::block_on;
use http::Request;
use serde_json::{Value, json};

use super::*;
use crate::testing::{App, Authenticator, Caller};

const PASSWORD: &str = "correct horse battery";
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");

fn send(app: &App, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    block_on(answer(&app.ctx(), &parts, body.as_bytes())).map_err(|fault| fault.to_string()).unwrap()
}

fn get(app: &App, path: &str, cookie: Option<&str>) -> Response<Bytes> {
    let headers: Vec<_> = cookie.map(|cookie| ("cookie", cookie)).into_iter().collect();
    send(app, Method::GET, path, &headers, "")
}

fn submit(app: &App, fields: &[(&str, &str)]) -> Response<Bytes> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    send(app, Method::POST, "/login", &[SAME], &body)
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Status and where it leads.
fn led(response: &Response<Bytes>) -> (u16, &str) {
    (response.status().as_u16(), header(response, "location"))
}

/// The cookie that an answer sets, as a browser sends it.
fn cookie(response: &Response<Bytes>) -> String {
    header(response, "set-cookie").split(';').next().unwrap().to_owned()
}

/// The value of a field that is not shown.
fn field(response: &Response<Bytes>, name: &str) -> String {
    let text = text(response);
    let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

const RIGHT: [(&str, &str); 2] = [("email", "ada@example.com"), ("password", PASSWORD)];

fn api(caller: &Caller<'_>, method: Method, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = caller.raw(method, &format!("/api/v1{path}"), body);
    assert_eq!(answer.code(), "");
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

fn ada(app: &App) -> Caller<'_> {
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    ada
}

#[test]
fn a_password_logs_a_browser_in_and_leads_on() {
    let app = App::new();
    ada(&app);
    let answer = submit(&app, &[RIGHT[0], RIGHT[1], ("next", "/device?code=1")]);
    assert_eq!(led(&answer), (303, "/device?code=1"));
    for attribute in
        ["patr_session=patr_s_", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=2592000"]
    {
        assert!(header(&answer, "set-cookie").contains(attribute), "{attribute}");
    }
    let page = get(&app, "/account", Some(&cookie(&answer)));
    assert_eq!(page.status().as_u16(), 200);
    assert!(text(&page).contains("ada@example.com"));
    assert_eq!(led(&get(&app, "/login?next=/x", Some(&cookie(&answer)))), (303, "/x"));
}

#[test]
fn a_wrong_password_and_an_unknown_address_read_the_same() {
    let app = App::new();
    ada(&app);
    let said = |email: &str| {
        let answer = submit(&app, &[("email", email), ("password", "guess")]);
        assert!(answer.headers().get("set-cookie").is_none());
        // The challenge for passkeys is a new one each time.
        let text = text(&answer).replace(email, "");
        let (before, rest) = text.split_once("challenge").unwrap();
        (answer.status().as_u16(), before.to_owned(), rest.split_once("rpId").unwrap().1.to_owned())
    };
    assert_eq!(said("ada@example.com"), said("nobody@example.com"));
    assert!(said("ada@example.com").1.contains("The address or the password is wrong."));
    assert_eq!(submit(&app, &[("email", "no address"), ("password", "x")]).status().as_u16(), 401);
}

#[test]
fn nobody_is_led_to_another_host() {
    let app = App::new();
    ada(&app);
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"] {
        assert_eq!(led(&submit(&app, &[RIGHT[0], RIGHT[1], ("next", next)])), (303, "/"), "{next}");
        assert!(!text(&get(&app, &format!("/login?next={next}"), None)).contains("evil"), "{next}");
    }
    assert_eq!(led(&submit(&app, &RIGHT)), (303, "/account"));
}

#[test]
fn a_form_that_another_page_sends_is_refused() {
    let app = App::new();
    let ada = ada(&app);
    let body = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let cookie = format!("patr_session={}", ada.token());
    for site in ["cross-site", "same-site", "none"] {
        for path in ["/login", "/logout", "/sign-up"] {
            let headers = [("sec-fetch-site", site), ("cookie", &cookie)];
            assert_eq!(
                send(&app, Method::POST, path, &headers, &body).status().as_u16(),
                403,
                "{site} {path}"
            );
        }
    }
    assert_eq!(send(&app, Method::POST, "/login", &[], &body).status().as_u16(), 403);
    assert_eq!(get(&app, "/account", Some(&cookie)).status().as_u16(), 200, "the login goes on");
}

#[test]
fn the_api_takes_the_cookie_from_our_own_pages_only() {
    let app = App::new();
    let cookie = format!("patr_session={}", ada(&app).token());
    let call = |method: Method, site: &str| {
        let headers = [("cookie", &*cookie), ("sec-fetch-site", site), ("content-type", "application/json")];
        let body = if method == Method::PATCH { r#"{"name":"Ada"}"# } else { "" };
        app.anonymous().with_headers(method, "/api/v1/me", &headers, body).code()
    };
    assert_eq!(
        (call(Method::GET, "same-origin"), call(Method::PATCH, "same-origin")),
        (String::new(), String::new())
    );
    for site in ["same-site", "cross-site"] {
        assert_eq!(call(Method::GET, site), "unauthenticated", "{site}");
        assert_eq!(call(Method::PATCH, site), "unauthenticated", "{site}");
    }
}

#[test]
fn a_second_factor_is_asked_for_after_the_password_and_not_before() {
    let app = App::new();
    let ada = ada(&app);
    let enrolment = api(&ada, Method::POST, "/me/totp", &Value::Null);
    let bytes = data_encoding::BASE32_NOPAD.decode(enrolment["secret"].as_str().unwrap().as_bytes()).unwrap();
    let seed = crate::totp::Seed::from_bytes(bytes).map_err(|it| it.to_string()).unwrap();
    let code = || seed.code(app.now.get().0 / 30_000);
    api(&ada, Method::PUT, "/me/totp", &json!({ "code": code() }));
    app.pass(Duration::from_secs(30));

    let second = submit(&app, &[RIGHT[0], RIGHT[1], ("next", "/x")]);
    assert_eq!((second.status().as_u16(), header(&second, "set-cookie")), (200, ""));
    assert!(!text(&second).contains(PASSWORD));
    let ticket = field(&second, "ticket");
    let wrong = submit(&app, &[("ticket", &ticket), ("code", "000000"), ("next", "/x")]);
    assert_eq!((wrong.status().as_u16(), field(&wrong, "next").as_str()), (401, "/x"));
    let right = submit(&app, &[("ticket", &field(&wrong, "ticket")), ("code", &code()), ("next", "/x")]);
    assert_eq!(led(&right), (303, "/x"));
    assert!(cookie(&right).starts_with("patr_session=patr_s_"));

    app.pass(Duration::from_secs(300));
    assert_eq!(submit(&app, &[("ticket", &ticket), ("code", &code())]).status().as_u16(), 401, "too late");
    assert_eq!(submit(&app, &[("ticket", "usr_x.guess"), ("code", &code())]).status().as_u16(), 401);
}

#[test]
fn a_passkey_logs_a_browser_in() {
    let app = App::new();
    let ada = ada(&app);
    let mut authenticator = Authenticator::new("patr.example", "https://patr.example");
    let options = api(&ada, Method::POST, "/me/passkeys/options", &Value::Null);
    authenticator.user_handle = options["user"]["id"].as_str().map(str::to_owned);
    let credential = authenticator.attest(options["challenge"].as_str().unwrap());
    api(&ada, Method::POST, "/me/passkeys", &json!({ "name": "laptop", "credential": credential }));

    let page = text(&get(&app, "/login", None)).replace("&quot;", "\"");
    let (_, rest) = page.split_once("\"challenge\":\"").unwrap();
    let assertion = json!(authenticator.sign(rest.split('"').next().unwrap())).to_string();
    let answer = submit(&app, &[("passkey", &assertion), ("next", "/x")]);
    assert_eq!(led(&answer), (303, "/x"));
    assert_eq!(submit(&app, &[("passkey", &assertion)]).status().as_u16(), 401, "once");
    assert_eq!(submit(&app, &[("passkey", "{")]).status().as_u16(), 401);
}

fn sign_up(app: &App, fields: &[(&str, &str)]) -> Response<Bytes> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    send(app, Method::POST, "/sign-up", &[SAME], &body)
}

#[test]
fn the_bootstrap_secret_makes_the_first_account_and_logs_it_in() {
    let app = App::new();
    let with = |secret: &str| sign_up(&app, &[RIGHT[0], RIGHT[1], ("bootstrap_secret", secret)]);
    for (secret, said) in [("", "asks for its bootstrap secret"), ("guess", "is not the bootstrap secret")] {
        let refused = with(secret);
        assert_eq!((refused.status().as_u16(), header(&refused, "set-cookie")), (403, ""));
        let page = text(&refused);
        assert!(page.contains(said) && page.contains("value=\"ada@example.com\""), "{page}");
        assert!(!page.contains(PASSWORD) && !page.contains("guess"), "what is secret is not shown again");
    }
    let made = with(&format!(" {}\n", crate::testing::BOOTSTRAP));
    assert_eq!(led(&made), (303, "/"));
    assert_eq!(get(&app, "/account", Some(&cookie(&made))).status().as_u16(), 200);
    assert_eq!(led(&get(&app, "/sign-up", Some(&cookie(&made)))), (303, "/"), "once is enough");
    assert_eq!(app.last_audit(), "SignUp");
    assert_eq!(with("").status().as_u16(), 409, "the address is taken");
}

#[test]
fn a_password_that_is_too_short_makes_no_account() {
    let app = App::new();
    let fields = [RIGHT[0], ("password", "short"), ("bootstrap_secret", crate::testing::BOOTSTRAP)];
    let refused = sign_up(&app, &fields);
    assert_eq!((refused.status().as_u16(), header(&refused, "set-cookie")), (422, ""));
}

#[test]
fn guessing_is_slowed_down() {
    let app = App::new();
    ada(&app);
    for _ in 0..10 {
        assert_eq!(submit(&app, &[RIGHT[0], ("password", "guess")]).status().as_u16(), 401);
    }
    assert_eq!(submit(&app, &RIGHT).status().as_u16(), 429);
}

#[test]
fn logging_out_ends_the_login_here_and_there() {
    let app = App::new();
    let ada = ada(&app);
    let cookie = format!("patr_session={}", ada.token());
    assert_eq!(led(&get(&app, "/logout", None)), (303, "/login"));
    assert!(text(&get(&app, "/logout", Some(&cookie))).contains("action=\"/logout\""));
    let left = send(&app, Method::POST, "/logout", &[SAME, ("cookie", &cookie)], "");
    assert_eq!(led(&left), (303, "/login"));
    assert!(header(&left, "set-cookie").starts_with("patr_session=; Path=/; Max-Age=0"));
    assert_eq!(led(&get(&app, "/account", Some(&cookie))), (303, "/login?next=%2Faccount"));
    assert_eq!(app.last_audit(), "LogOut");
}

#[test]
fn every_page_has_the_headers_that_keep_it_what_it_is() {
    let app = App::new();
    let cookie = format!("patr_session={}", ada(&app).token());
    for path in ["/login", "/logout", "/sign-up", "/account", "/verify-email", "/reset-password"] {
        let logged_in = !matches!(path, "/login" | "/sign-up");
        let page = get(&app, path, logged_in.then_some(&*cookie));
        assert_eq!(page.status().as_u16(), 200, "{path}");
        let policy = header(&page, "content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(header(&page, name), value, "{path}");
        }
        assert!(!text(&page).contains("<style") && !text(&page).contains("onclick"), "{path}");
    }
}

#[test]
fn what_people_call_themselves_is_text_in_the_page() {
    let app = App::new();
    let ada = ada(&app);
    api(&ada, Method::PATCH, "/me", &json!({ "name": "\"><script>alert(1)</script>" }));
    let page = text(&get(&app, "/account", Some(&format!("patr_session={}", ada.token()))));
    assert!(!page.contains("<script>alert"), "{page}");
}

#[test]
fn a_path_that_is_none_of_these_is_not_ours_and_other_methods_are_refused() {
    assert!(is_page("/login") && !is_page("/login/") && !is_page("/") && !is_page("/api/v1/info"));
    let app = App::new();
    let refused = send(&app, Method::PUT, "/account", &[SAME], "");
    assert_eq!((refused.status().as_u16(), header(&refused, "allow")), (405, "GET, HEAD"));
    for path in [html::STYLE_PATH, html::SCRIPT_PATH] {
        assert!(is_page(path) && get(&app, path, None).status().is_success());
    }
}
