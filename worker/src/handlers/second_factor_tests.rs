use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answered, App, Caller};

const PASSWORD: &str = "correct horse battery";
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

fn call(caller: &Caller<'_>, method: Method, path: &str, body: Value) -> Answered {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    caller.raw(method, &format!("/api/v1{path}"), body)
}

fn json_of(answer: &Answered) -> Value {
    assert_eq!(answer.code(), "");
    serde_json::from_slice(answer.body()).unwrap()
}

/// What an app shows now.
fn code(app: &App, secret: &str) -> String {
    let seed = Seed::from_bytes(BASE32_NOPAD.decode(secret.as_bytes()).unwrap())
        .map_err(|it| it.to_string())
        .unwrap();
    seed.code(app.now.get().0 / 30_000)
}

fn begin(caller: &Caller<'_>) -> String {
    let enrolment = json_of(&call(caller, Method::POST, "/me/totp", Value::Null));
    let secret = enrolment["secret"].as_str().unwrap();
    assert!(enrolment["url"].as_str().unwrap().contains(&format!("secret={secret}")));
    assert!(enrolment["qr"].as_str().unwrap().starts_with("<svg "));
    secret.to_owned()
}

/// Somebody with an authenticator app, its seed, and the recovery codes.
fn enrolled<'a>(app: &'a App, name: &str) -> (Caller<'a>, String, Vec<String>) {
    let person = app.person(name);
    let secret = begin(&person);
    let codes = json_of(&call(&person, Method::PUT, "/me/totp", json!({ "code": code(app, &secret) })));
    let codes = codes["recovery_codes"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned());
    let codes = codes.collect();
    app.pass(HALF_A_MINUTE);
    (person, secret, codes)
}

fn log_in(app: &App, code: Option<&str>) -> Answered {
    let mut body = json!({ "email": "ada@example.com", "password": PASSWORD });
    if let Some(code) = code {
        body["second_factor"] = json!({ "code": code });
    }
    call(&app.anonymous(), Method::POST, "/log-in", body)
}

#[test]
fn nothing_is_asked_until_a_first_code_has_shown_that_the_seed_arrived() {
    let app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    assert_eq!(call(&ada, Method::PUT, "/me/totp", json!({ "code": "123456" })).code(), "totp_not_begun");
    let (first, second) = (begin(&ada), begin(&ada));
    assert_eq!(log_in(&app, None).code(), "");
    let enable = |code: String| call(&ada, Method::PUT, "/me/totp", json!({ "code": code })).code();
    assert_eq!(enable(code(&app, &first)), "wrong_code", "the later seed counts");
    assert_eq!(enable(code(&app, &second)), "");
    assert_eq!(log_in(&app, None).code(), "second_factor_needed");
    assert_eq!(call(&ada, Method::POST, "/me/totp", Value::Null).code(), "totp_already_on");
}

#[test]
fn a_login_with_the_right_password_is_told_what_else_is_wanted_and_one_without_is_not() {
    let app = App::new();
    enrolled(&app, "ada");
    app.set_passwords(PASSWORD);
    let error = log_in(&app, None).error();
    assert_eq!(error.code, "second_factor_needed");
    assert!(
        error.message.contains("a code of your authenticator app, or a recovery code"),
        "{}",
        error.message
    );
    let wrong = json!({ "email": "ada@example.com", "password": "guess" });
    assert_eq!(call(&app.anonymous(), Method::POST, "/log-in", wrong).code(), "wrong_password");
}

#[test]
fn a_code_lets_in_once() {
    let app = App::new();
    let (_, secret, _) = enrolled(&app, "ada");
    app.set_passwords(PASSWORD);
    let now = code(&app, &secret);
    assert_eq!(log_in(&app, Some(&format!("{} {}", &now[..3], &now[3..]))).code(), "");
    assert_eq!(log_in(&app, Some(&now)).code(), "wrong_second_factor");
    assert_eq!(app.refusals(), ["LogIn"]);
    app.pass(HALF_A_MINUTE);
    assert_eq!(log_in(&app, Some(&code(&app, &secret))).code(), "");
}

#[test]
fn the_code_that_enabled_an_app_lets_nobody_in() {
    let app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    let secret = begin(&ada);
    let now = code(&app, &secret);
    call(&ada, Method::PUT, "/me/totp", json!({ "code": now }));
    assert_eq!(log_in(&app, Some(&now)).code(), "wrong_second_factor");
}

#[test]
fn guessing_codes_is_slowed_down() {
    let app = App::new();
    let (_, secret, _) = enrolled(&app, "ada");
    app.set_passwords(PASSWORD);
    for _ in 0..10 {
        assert_eq!(log_in(&app, Some("000000")).code(), "wrong_second_factor");
    }
    assert_eq!(log_in(&app, Some(&code(&app, &secret))).code(), "too_many_requests");
}

#[test]
fn ten_recovery_codes_let_in_once_each_and_new_ones_replace_them() {
    let app = App::new();
    let (ada, _, codes) = enrolled(&app, "ada");
    app.set_passwords(PASSWORD);
    assert_eq!(codes.len(), 10);
    let left = || {
        json_of(&call(&ada, Method::GET, "/me/second-factors", Value::Null))["recovery_codes_left"].clone()
    };
    assert_eq!(log_in(&app, Some(&format!(" {} ", codes[0].to_uppercase()))).code(), "");
    assert_eq!((log_in(&app, Some(&codes[0])).code(), left()), ("wrong_second_factor".to_owned(), 9.into()));
    let new = json_of(&call(&ada, Method::POST, "/me/recovery-codes", Value::Null));
    assert_eq!(left(), 10);
    assert_eq!(log_in(&app, Some(&codes[1])).code(), "wrong_second_factor");
    assert_eq!(log_in(&app, new["recovery_codes"][0].as_str()).code(), "");
}

#[test]
fn a_code_is_a_proof_too() {
    let app = App::new();
    let (ada, secret, codes) = enrolled(&app, "ada");
    let prove =
        |code: &str| call(&ada, Method::POST, "/me/proof", json!({ "proof": { "code": code } })).code();
    app.pass(Duration::from_secs(600));
    assert_eq!(call(&ada, Method::POST, "/me/recovery-codes", Value::Null).code(), "proof_needed");
    assert_eq!(prove("123456"), "wrong_proof");
    assert_eq!(prove(&code(&app, &secret)), "");
    assert_eq!(prove(&codes[3]), "");
    assert_eq!(call(&ada, Method::POST, "/me/recovery-codes", Value::Null).code(), "");
}

#[test]
fn without_a_second_factor_there_is_nothing_to_recover_from() {
    let app = App::new();
    let (ada, _, _) = enrolled(&app, "ada");
    app.set_passwords(PASSWORD);
    assert_eq!(call(&ada, Method::DELETE, "/me/totp", Value::Null).code(), "");
    assert_eq!(app.sqlite.rows("SELECT * FROM recovery_codes").len(), 0);
    assert_eq!(call(&ada, Method::DELETE, "/me/totp", Value::Null).code(), "totp_not_on");
    assert_eq!(call(&ada, Method::POST, "/me/recovery-codes", Value::Null).code(), "no_second_factor");
    assert_eq!(log_in(&app, None).code(), "");
}

#[test]
fn somebody_elses_code_lets_nobody_in() {
    let app = App::new();
    let (_, _, codes) = enrolled(&app, "bob");
    enrolled(&app, "ada");
    app.set_passwords(PASSWORD);
    assert_eq!(log_in(&app, Some(&codes[0])).code(), "wrong_second_factor");
}

#[test]
fn d1_holds_neither_seed_nor_code() {
    let app = App::new();
    let (_, secret, codes) = enrolled(&app, "ada");
    let everything = app.sqlite.dump().join("\n");
    assert!(!everything.contains(&secret));
    assert!(codes.iter().all(|code| !everything.contains(code.as_str())));
}

#[test]
fn seeds_move_to_a_new_key_and_go_on_working() {
    let mut app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    let secret = begin(&ada);
    call(&ada, Method::PUT, "/me/totp", json!({ "code": code(&app, &secret) }));
    let former = app.settings.secrets_keys.take().unwrap().current;
    let current = crate::vault::Key::random().map_err(|it| it.to_string()).unwrap();
    let keys = |former| Some(crate::vault::Keyring { current: current.clone(), former });
    app.settings.secrets_keys = keys(Some(former));
    app.sweep();
    app.settings.secrets_keys = keys(None);
    app.pass(HALF_A_MINUTE);
    assert_eq!(log_in(&app, Some(&code(&app, &secret))).code(), "");
}
