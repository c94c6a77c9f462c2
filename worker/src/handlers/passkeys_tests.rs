use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Answered, App, Authenticator, Caller};

const PASSWORD: &str = "correct horse battery";

fn call(caller: &Caller<'_>, method: Method, path: &str, body: Value) -> Answered {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    caller.raw(method, &format!("/api/v1{path}"), body)
}

fn json_of(answer: &Answered) -> Value {
    assert_eq!(answer.code(), "");
    serde_json::from_slice(answer.body()).unwrap()
}

/// What a browser would do with the options, and what is answered to that.
fn add(caller: &Caller<'_>, authenticator: &mut Authenticator) -> Answered {
    let options = json_of(&call(caller, Method::POST, "/me/passkeys/options", Value::Null));
    assert_eq!((&options["rp"]["id"], &options["attestation"]), (&"patr.example".into(), &"none".into()));
    authenticator.user_handle = Some(options["user"]["id"].as_str().unwrap().to_owned());
    let credential = authenticator.attest(options["challenge"].as_str().unwrap());
    call(caller, Method::POST, "/me/passkeys", json!({ "name": "laptop", "credential": credential }))
}

/// Somebody with a passkey.
fn with_passkey<'a>(app: &'a App, name: &str) -> (Caller<'a>, Authenticator) {
    let person = app.person(name);
    let mut authenticator = Authenticator::new("patr.example", "https://patr.example");
    assert_eq!(add(&person, &mut authenticator).status(), 201);
    (person, authenticator)
}

fn challenge(app: &App) -> String {
    let options = json_of(&call(&app.anonymous(), Method::POST, "/log-in/passkey-options", Value::Null));
    options["challenge"].as_str().unwrap().to_owned()
}

fn log_in(app: &App, assertion: &Assertion) -> Answered {
    call(&app.anonymous(), Method::POST, "/log-in/passkey", json!({ "credential": assertion }))
}

#[test]
fn a_passkey_logs_its_person_in_without_a_password_or_an_address() {
    let app = App::new();
    let (_, authenticator) = with_passkey(&app, "ada");
    with_passkey(&app, "bob");
    let session = json_of(&log_in(&app, &authenticator.sign(&challenge(&app))));
    assert_eq!(session["user"]["email"], "ada@example.com");
    let ada = app.anonymous().with_token(session["token"].as_str().unwrap().to_owned());
    let factors = json_of(&call(&ada, Method::GET, "/me/second-factors", Value::Null));
    assert_eq!(
        (&factors["passkeys"][0]["name"], factors["passkeys"].as_array().unwrap().len()),
        (&"laptop".into(), 1)
    );
    assert!(factors["passkeys"][0]["last_used_at"].is_string());
    assert_eq!(app.last_audit(), "LogInWithPasskey");
}

#[test]
fn a_challenge_is_answered_once_within_five_minutes_and_has_to_be_ours() {
    let app = App::new();
    let (_, authenticator) = with_passkey(&app, "ada");
    let assertion = authenticator.sign(&challenge(&app));
    assert_eq!(log_in(&app, &assertion).code(), "");
    assert_eq!(log_in(&app, &assertion).code(), "wrong_passkey");
    let late = challenge(&app);
    app.pass(CHALLENGE);
    assert_eq!(log_in(&app, &authenticator.sign(&late)).code(), "wrong_passkey");
    assert_eq!(log_in(&app, &authenticator.sign("Z3Vlc3M")).code(), "wrong_passkey");
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT * FROM spent_challenges").len(), 0);
}

#[test]
fn what_another_host_or_another_key_signs_lets_nobody_in() {
    let app = App::new();
    let (_, mut authenticator) = with_passkey(&app, "ada");
    let stranger = Authenticator::new("patr.example", "https://patr.example");
    assert_eq!(log_in(&app, &stranger.sign(&challenge(&app))).code(), "wrong_passkey");
    let swapped = Assertion { id: authenticator.sign("").id, ..stranger.sign(&challenge(&app)) };
    assert_eq!(log_in(&app, &swapped).code(), "wrong_passkey");
    let mut handle = authenticator.sign(&challenge(&app));
    handle.response.user_handle = Some("c29tZWJvZHk".to_owned());
    assert_eq!(log_in(&app, &handle).code(), "wrong_passkey");
    authenticator.origin = "https://evil.example".to_owned();
    assert_eq!(log_in(&app, &authenticator.sign(&challenge(&app))).code(), "wrong_passkey");
}

#[test]
fn a_password_alone_is_not_enough_beside_a_passkey_and_with_it_it_is() {
    let app = App::new();
    let (_, authenticator) = with_passkey(&app, "ada");
    let (_, bobs) = with_passkey(&app, "bob");
    app.set_passwords(PASSWORD);
    let log_in = |factor: Value| {
        let mut body = json!({ "email": "ada@example.com", "password": PASSWORD });
        if !factor.is_null() {
            body["second_factor"] = json!({ "passkey": factor });
        }
        call(&app.anonymous(), Method::POST, "/log-in", body).code()
    };
    assert_eq!(log_in(Value::Null), "second_factor_needed");
    assert_eq!(log_in(json!(bobs.sign(&challenge(&app)))), "wrong_second_factor");
    assert_eq!(log_in(json!(authenticator.sign(&challenge(&app)))), "");
}

#[test]
fn a_passkey_is_a_proof_of_its_person_only() {
    let app = App::new();
    let (ada, authenticator) = with_passkey(&app, "ada");
    let (_, bobs) = with_passkey(&app, "bob");
    app.pass(Duration::from_secs(600));
    let prove = |assertion: Assertion| {
        call(&ada, Method::POST, "/me/proof", json!({ "proof": { "passkey": assertion } })).code()
    };
    assert_eq!(prove(bobs.sign(&challenge(&app))), "wrong_proof");
    assert_eq!(prove(authenticator.sign(&challenge(&app))), "");
    assert_eq!(call(&ada, Method::POST, "/me/passkeys/options", Value::Null).code(), "");
}

#[test]
fn the_first_passkey_comes_with_recovery_codes_and_one_is_added_once() {
    let app = App::new();
    let ada = app.person("ada");
    let mut authenticator = Authenticator::new("patr.example", "https://patr.example");
    let first = json_of(&add(&ada, &mut authenticator));
    assert_eq!(first["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(add(&ada, &mut authenticator).code(), "passkey_taken");
    let options = json_of(&call(&ada, Method::POST, "/me/passkeys/options", Value::Null));
    assert_eq!(options["excludeCredentials"][0]["id"], authenticator.sign("").id);
    let mut other = Authenticator::new("patr.example", "https://patr.example");
    assert_eq!(json_of(&add(&ada, &mut other))["recovery_codes"], Value::Null);
}

#[test]
fn a_challenge_for_one_account_adds_a_passkey_to_no_other() {
    let app = App::new();
    let (ada, bob) = (app.person("ada"), app.person("bob"));
    let authenticator = Authenticator::new("patr.example", "https://patr.example");
    let options = json_of(&call(&ada, Method::POST, "/me/passkeys/options", Value::Null));
    let challenges = [options["challenge"].as_str().unwrap().to_owned(), challenge(&app)];
    for challenge in challenges {
        let body = json!({ "name": "x", "credential": authenticator.attest(&challenge) });
        assert_eq!(call(&bob, Method::POST, "/me/passkeys", body).code(), "passkey_not_verified");
    }
}

#[test]
fn a_removed_passkey_lets_nobody_in_and_the_last_one_takes_the_recovery_codes_along() {
    let app = App::new();
    let (ada, authenticator) = with_passkey(&app, "ada");
    app.set_passwords(PASSWORD);
    let factors = json_of(&call(&ada, Method::GET, "/me/second-factors", Value::Null));
    let path = format!("/me/passkeys/{}", factors["passkeys"][0]["id"].as_str().unwrap());
    let bob = app.person("bob");
    assert_eq!(call(&bob, Method::DELETE, &path, Value::Null).code(), "not_found");
    assert_eq!(call(&ada, Method::DELETE, &path, Value::Null).code(), "");
    assert_eq!(log_in(&app, &authenticator.sign(&challenge(&app))).code(), "wrong_passkey");
    assert_eq!(app.sqlite.rows("SELECT * FROM recovery_codes").len(), 0);
}

#[test]
fn a_counter_that_went_back_lets_nobody_in() {
    let app = App::new();
    let (_, mut authenticator) = with_passkey(&app, "ada");
    authenticator.counter = 5;
    assert_eq!(log_in(&app, &authenticator.sign(&challenge(&app))).code(), "");
    assert_eq!(log_in(&app, &authenticator.sign(&challenge(&app))).code(), "wrong_passkey");
    authenticator.counter = 6;
    assert_eq!(log_in(&app, &authenticator.sign(&challenge(&app))).code(), "");
}

#[test]
fn an_account_has_twenty_passkeys_at_most() {
    let app = App::new();
    let ada = app.person("ada");
    let new = || Authenticator::new("patr.example", "https://patr.example");
    for _ in 0..PASSKEYS_MAX {
        assert_eq!(add(&ada, &mut new()).status(), 201);
    }
    assert_eq!(add(&ada, &mut new()).code(), "too_many_passkeys");
}
