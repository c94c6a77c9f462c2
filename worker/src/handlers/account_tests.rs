use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::testing::{Answered, App, Caller};

const PASSWORD: &str = "correct horse battery";
const TEN_MINUTES: Duration = Duration::from_secs(600);

fn call(caller: &Caller<'_>, method: Method, path: &str, body: Value) -> Answered {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    caller.raw(method, &format!("/api/v1{path}"), body)
}

fn post(caller: &Caller<'_>, path: &str, body: Value) -> String {
    call(caller, Method::POST, path, body).code()
}

fn me(caller: &Caller<'_>) -> Value {
    serde_json::from_slice(call(caller, Method::GET, "/me", Value::Null).body()).unwrap()
}

/// The secret in the last mail, and to whom it went.
fn mailed(app: &App) -> (String, String) {
    let mails = app.mails.borrow();
    let mail = mails.last().expect("a mail was sent");
    let (_, rest) = mail.text.split_once('#').expect("there is a link in it");
    (mail.to.to_string(), rest.split_whitespace().next().unwrap().to_owned())
}

fn verify(app: &App, token: &str) -> String {
    post(&app.anonymous(), "/verify-email", json!({ "token": token }))
}

fn reset(app: &App, token: &str) -> String {
    post(&app.anonymous(), "/password-reset/finish", json!({ "token": token, "password": "a new password" }))
}

fn ask_for_reset(app: &App, email: &str) -> Answered {
    call(&app.anonymous(), Method::POST, "/password-reset", json!({ "email": email }))
}

fn log_in(app: &App, email: &str, password: &str) -> String {
    post(&app.anonymous(), "/log-in", json!({ "email": email, "password": password }))
}

/// A second login of somebody.
fn again<'a>(app: &'a App, email: &str) -> Caller<'a> {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = call(&app.anonymous(), Method::POST, "/log-in", body);
    let session: Value = serde_json::from_slice(answer.body()).unwrap();
    app.anonymous().with_token(session["token"].as_str().unwrap().to_owned())
}

#[test]
fn a_person_is_called_what_they_choose() {
    let app = App::new();
    let ada = app.person("ada");
    assert_eq!(me(&ada)["name"], Value::Null);
    assert_eq!(call(&ada, Method::PATCH, "/me", json!({ "name": " Ada L. " })).code(), "");
    assert_eq!(me(&ada)["name"], "Ada L.");
}

#[test]
fn a_new_account_is_sent_a_link_that_proves_its_address_once() {
    let app = App::new();
    app.person("first");
    assert_eq!(
        post(&app.anonymous(), "/sign-up", json!({ "email": "ada@example.com", "password": PASSWORD })),
        ""
    );
    let (to, token) = mailed(&app);
    assert_eq!(to, "ada@example.com");
    let ada = again(&app, "ada@example.com");
    assert_eq!(me(&ada)["email_verified"], false);
    assert_eq!(verify(&app, &token), "");
    assert_eq!(me(&ada)["email_verified"], true);
    assert_eq!(verify(&app, &token), "link_spent");
    assert_eq!(post(&ada, "/me/email/verification", Value::Null), "already_verified");
}

#[test]
fn a_link_is_good_for_a_day_and_only_for_what_it_was_sent_for() {
    let app = App::new();
    let ada = app.person("ada");
    assert_eq!(post(&ada, "/me/email/verification", Value::Null), "");
    let (_, token) = mailed(&app);
    assert_eq!(reset(&app, &token), "link_spent");
    assert_eq!(verify(&app, "patr_m_guess"), "link_spent");
    app.pass(Duration::from_secs(24 * 3600));
    assert_eq!(verify(&app, &token), "link_spent");
}

#[test]
fn an_address_changes_once_the_new_one_is_proved_and_the_old_one_is_told() {
    let app = App::new();
    let ada = app.person("ada");
    assert_eq!(post(&ada, "/me/email", json!({ "email": "lovelace@example.com" })), "");
    let (to, token) = mailed(&app);
    assert_eq!((to.as_str(), &me(&ada)["email"]), ("lovelace@example.com", &"ada@example.com".into()));
    assert_eq!(verify(&app, &token), "");
    assert_eq!(
        (&me(&ada)["email"], &me(&ada)["email_verified"]),
        (&"lovelace@example.com".into(), &true.into())
    );
    let told = app.mails.borrow().last().unwrap().clone();
    assert_eq!(told.to.as_str(), "ada@example.com");
    assert!(told.text.contains("lovelace@example.com") && !told.text.contains("patr_m_"));
}

#[test]
fn an_address_of_somebody_else_is_not_told_apart_until_it_is_proved() {
    let app = App::new();
    let ada = app.person("ada");
    app.person("bob");
    assert_eq!(post(&ada, "/me/email", json!({ "email": "bob@example.com" })), "");
    let (to, token) = mailed(&app);
    assert_eq!((to.as_str(), verify(&app, &token).as_str()), ("bob@example.com", "email_taken"));
}

#[test]
fn what_was_sent_to_an_address_before_is_worthless_after_a_change() {
    let app = App::new();
    let ada = app.person("ada");
    ask_for_reset(&app, "ada@example.com");
    let (_, old) = mailed(&app);
    post(&ada, "/me/email", json!({ "email": "lovelace@example.com" }));
    let (_, token) = mailed(&app);
    assert_eq!((verify(&app, &token), reset(&app, &old)), (String::new(), "link_spent".to_owned()));
}

#[test]
fn without_mail_an_address_changes_at_once_and_the_answer_says_so() {
    let mut app = App::new();
    app.settings.mail = None;
    let (ada, _) = (app.person("ada"), app.person("bob"));
    let answer = call(&ada, Method::POST, "/me/email", json!({ "email": "lovelace@example.com" }));
    assert_eq!(serde_json::from_slice::<Value>(answer.body()).unwrap(), json!({ "sent": false }));
    assert_eq!(me(&ada)["email"], "lovelace@example.com");
    assert_eq!(post(&ada, "/me/email", json!({ "email": "bob@example.com" })), "email_taken");
    assert_eq!(post(&ada, "/me/email/verification", Value::Null), "mail_off");
    assert_eq!(ask_for_reset(&app, "lovelace@example.com").code(), "mail_off");
    assert_eq!(ask_for_reset(&app, "nobody@example.com").code(), "mail_off");
    assert!(app.mails.borrow().is_empty());
}

#[test]
fn a_forgotten_password_is_replaced_with_a_link_once_within_an_hour() {
    let app = App::new();
    let ada = app.person("ada");
    assert_eq!(ask_for_reset(&app, "ada@example.com").status(), 204);
    let (_, first) = mailed(&app);
    assert_eq!(ask_for_reset(&app, "ada@example.com").status(), 204);
    let (_, second) = mailed(&app);
    assert_eq!(reset(&app, &second), "");
    assert_eq!((reset(&app, &second), reset(&app, &first)), ("link_spent".into(), "link_spent".into()));
    assert_eq!(call(&ada, Method::GET, "/me", Value::Null).code(), "unauthenticated", "every login ends");
    assert_eq!(log_in(&app, "ada@example.com", "a new password"), "");
    ask_for_reset(&app, "ada@example.com");
    let (_, late) = mailed(&app);
    app.pass(Duration::from_secs(3600));
    assert_eq!(reset(&app, &late), "link_spent");
}

#[test]
fn nobody_learns_from_a_reset_whether_there_is_an_account() {
    let app = App::new();
    app.person("ada");
    let asked = |email: &str| {
        app.sqlite.take_said();
        let answer = ask_for_reset(&app, email);
        let mut said = app.sqlite.take_said();
        said.retain(|sql| !sql.starts_with("INSERT INTO mailed"));
        (answer.status(), answer.body().clone(), said)
    };
    assert_eq!(asked("ada@example.com"), asked("nobody@example.com"));
    assert_eq!(app.mails.borrow().len(), 1);
}

#[test]
fn nobody_is_flooded_with_mail() {
    let app = App::new();
    let ada = app.person("ada");
    for _ in 0..7 {
        assert_eq!(ask_for_reset(&app, "ada@example.com").status(), 204);
    }
    assert_eq!(app.mails.borrow().len(), 5);
    for at in 0..6 {
        let code = post(&ada, "/me/email/verification", Value::Null);
        assert_eq!(code, if at < 5 { "" } else { "too_many_mails" });
    }
}

/// Somebody makes an account with an address that is not theirs and waits for its owner.
#[test]
fn an_account_belongs_to_who_proves_its_address_and_to_nobody_who_was_there_before() {
    let app = App::new();
    let eve = app.person("ada");
    let token = call(&eve, Method::POST, "/tokens", json!({ "name": "backdoor" }));
    let token: Value = serde_json::from_slice(token.body()).unwrap();
    let backdoor = app.anonymous().with_token(token["secret"].as_str().unwrap().to_owned());
    ask_for_reset(&app, "ada@example.com");
    assert_eq!(reset(&app, &mailed(&app).1), "");
    for left in [eve, backdoor] {
        assert_eq!(call(&left, Method::GET, "/me", Value::Null).code(), "unauthenticated");
    }
}

#[test]
fn a_new_password_ends_the_other_logins_and_says_so_by_mail() {
    let app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    let other = again(&app, "ada@example.com");
    assert_eq!(post(&ada, "/me/password", json!({ "password": "another password" })), "");
    assert_eq!(call(&other, Method::GET, "/me", Value::Null).code(), "unauthenticated");
    assert_eq!(me(&ada)["email"], "ada@example.com");
    assert_eq!(log_in(&app, "ada@example.com", PASSWORD), "wrong_password");
    assert_eq!(log_in(&app, "ada@example.com", "another password"), "");
    assert!(app.mails.borrow().last().unwrap().subject.contains("password was changed"));
}

/// Everything that takes an account over, or ends it.
fn dangerous() -> Vec<(Method, &'static str, Value)> {
    vec![
        (Method::POST, "/me/email", json!({ "email": "eve@example.com" })),
        (Method::POST, "/me/password", json!({ "password": "eves password" })),
        (Method::POST, "/me/totp", Value::Null),
        (Method::DELETE, "/me/totp", Value::Null),
        (Method::POST, "/me/recovery-codes", Value::Null),
        (Method::POST, "/me/passkeys/options", Value::Null),
        (Method::DELETE, "/me/passkeys/pk_00000000000000000000000000", Value::Null),
        (Method::DELETE, "/me", Value::Null),
    ]
}

#[test]
fn what_is_dangerous_wants_a_proof_of_the_last_ten_minutes() {
    let app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    app.pass(TEN_MINUTES);
    let before = app.sqlite.dump();
    for (method, path, body) in dangerous() {
        assert_eq!(call(&ada, method, path, body).code(), "proof_needed", "{path}");
    }
    assert_eq!(app.sqlite.dump().len(), before.len());
    assert_eq!(post(&ada, "/me/proof", json!({ "proof": { "password": "guess" } })), "wrong_proof");
    assert_eq!(post(&ada, "/me/email", json!({ "email": "a@example.com" })), "proof_needed");
    assert_eq!(post(&ada, "/me/proof", json!({ "proof": { "password": PASSWORD } })), "");
    assert_eq!(post(&ada, "/me/email", json!({ "email": "a@example.com" })), "");
    let other = again(&app, "ada@example.com");
    app.pass(TEN_MINUTES);
    assert_eq!(post(&other, "/me/proof", json!({ "proof": { "password": PASSWORD } })), "");
    assert_eq!(post(&ada, "/me/email", json!({ "email": "b@example.com" })), "proof_needed", "of this login");
}

#[test]
fn guessing_a_proof_is_slowed_down_as_a_login_is() {
    let app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    for _ in 0..10 {
        assert_eq!(post(&ada, "/me/proof", json!({ "proof": { "password": "guess" } })), "wrong_proof");
    }
    assert_eq!(post(&ada, "/me/proof", json!({ "proof": { "password": PASSWORD } })), "too_many_requests");
}

#[test]
fn an_api_token_changes_no_account() {
    let app = App::new();
    let ada = app.person("ada");
    let token = call(&ada, Method::POST, "/tokens", json!({ "name": "ci" }));
    let token: Value = serde_json::from_slice(token.body()).unwrap();
    let token = app.anonymous().with_token(token["secret"].as_str().unwrap().to_owned());
    let mut all = dangerous();
    all.extend([
        (Method::PATCH, "/me", json!({ "name": "Eve" })),
        (Method::POST, "/me/proof", json!({ "proof": { "password": PASSWORD } })),
        (Method::GET, "/me/sessions", Value::Null),
        (Method::DELETE, "/me/sessions", Value::Null),
        (Method::GET, "/me/second-factors", Value::Null),
        (Method::PUT, "/me/totp", json!({ "code": "123456" })),
        (Method::POST, "/me/email/verification", Value::Null),
    ]);
    for (method, path, body) in all {
        assert_eq!(call(&token, method, path, body).code(), "wrong_kind_of_token", "{path}");
    }
}

#[test]
fn an_account_goes_with_all_that_is_its_own() {
    let app = App::new();
    let ada = app.person("ada");
    post(&ada, "/me/email/verification", Value::Null);
    assert_eq!(call(&ada, Method::DELETE, "/me", Value::Null).status(), 204);
    assert_eq!(call(&ada, Method::GET, "/me", Value::Null).code(), "unauthenticated");
    for table in ["users", "sessions", "mailed"] {
        assert_eq!(app.sqlite.rows(&format!("SELECT * FROM {table}")).len(), 0, "{table}");
    }
    assert_eq!(app.last_audit(), "DeleteAccount");
}

#[test]
fn the_only_owner_of_a_workspace_stays() {
    let app = App::new();
    let owner = app.owner("acme");
    let answer = call(&owner, Method::DELETE, "/me", Value::Null);
    assert_eq!(answer.code(), "sole_owner");
    assert!(answer.error().message.contains("`acme`"));
}

#[test]
fn logins_are_listed_and_ended_one_by_one_or_all_others_at_once() {
    let app = App::new();
    let ada = app.person("ada");
    app.set_passwords(PASSWORD);
    app.pass(Duration::from_millis(1));
    let (second, third) = (again(&app, "ada@example.com"), again(&app, "ada@example.com"));
    let list = |caller: &Caller<'_>| -> Vec<Value> {
        let page = call(caller, Method::GET, "/me/sessions", Value::Null);
        serde_json::from_slice::<Value>(page.body()).unwrap()["items"].as_array().unwrap().clone()
    };
    let all = list(&ada);
    assert_eq!(all.len(), 3);
    assert_eq!((&all[0]["current"], &all[0]["device"]), (&true.into(), &"a browser of a test".into()));
    assert_eq!((&all[0]["address"], &all[1]["current"]), (&"192.0.2.1".into(), &false.into()));
    assert!(!all[0].to_string().contains("hash"));

    let bob = app.person("bob");
    let path = format!(
        "/me/sessions/{}",
        list(&second).iter().find(|it| it["current"] == true).unwrap()["id"].as_str().unwrap()
    );
    assert_eq!(call(&bob, Method::DELETE, &path, Value::Null).code(), "not_found");
    assert_eq!(call(&ada, Method::DELETE, &path, Value::Null).status(), 204);
    assert_eq!(call(&second, Method::GET, "/me", Value::Null).code(), "unauthenticated");
    assert_eq!(call(&ada, Method::DELETE, "/me/sessions", Value::Null).status(), 204);
    assert_eq!(call(&third, Method::GET, "/me", Value::Null).code(), "unauthenticated");
    assert_eq!((list(&ada).len(), list(&bob).len()), (1, 1));
}

#[test]
fn the_use_of_a_login_is_noted_every_five_minutes_at_most() {
    let app = App::new();
    let ada = app.person("ada");
    let last = || app.sqlite.rows("SELECT last_used_at FROM sessions")[0].clone();
    let first = last();
    app.pass(Duration::from_secs(299));
    me(&ada);
    assert_eq!(last(), first);
    app.pass(Duration::from_secs(1));
    me(&ada);
    assert_ne!(last(), first);
}
