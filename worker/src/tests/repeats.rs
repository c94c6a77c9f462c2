//! `Idempotency-Key`: a write that is sent twice happens once.

use patr_models::routes::Route;

use super::installation::{Installation, body, takes, writes};
use crate::testing::{Answered, App, Caller};

const KEY: [(&str, &str); 1] = [("idempotency-key", "key-1")];
const JSON: [(&str, &str); 2] = [KEY[0], ("content-type", "application/json")];

fn with_keys() -> impl Iterator<Item = Route> {
    writes().chain([Route::StartDeployment]).filter(|route| takes(*route, "idempotency-key"))
}

fn holds_a_secret(route: Route) -> bool {
    matches!(route, Route::CreateRunner | Route::CreateToken | Route::CreateInvitation | Route::CreateClient)
}

#[test]
fn a_repeated_write_is_answered_the_same_and_written_once() {
    for route in with_keys().filter(|route| !holds_a_secret(*route)) {
        let app = App::new();
        let installation = Installation::new(&app);
        let first = installation.send(route, &KEY);
        let before = app.sqlite.dump();
        let again = installation.send(route, &KEY);
        assert_eq!(first.code(), "", "{}", route.name());
        assert_eq!((again.status(), again.body()), (first.status(), first.body()), "{}", route.name());
        assert_eq!(again.header("etag"), first.header("etag"), "{}", route.name());
        assert_eq!(again.header("content-type"), first.header("content-type"), "{}", route.name());
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{}", route.name());
        assert_eq!(app.sqlite.dump(), before, "{}", route.name());
    }
}

#[test]
fn a_repeated_write_whose_answer_held_a_secret_says_what_was_made_and_how_to_get_another() {
    for (route, noun, next) in [
        (Route::CreateRunner, "the runner `new` (run_", "patr runner rotate-token new"),
        (Route::CreateToken, "the token `new` (tok_", "patr token rotate new"),
        (Route::CreateInvitation, "the invitation inv_", "patr member revoke-invitation inv_"),
        (Route::CreateClient, "the client `new` (app_", "patr oauth client delete new"),
    ] {
        let app = App::new();
        let installation = Installation::new(&app);
        let first = installation.send(route, &KEY);
        assert_eq!(first.status(), 201);
        let again = installation.send(route, &KEY);
        let error = again.error();
        assert_eq!((again.status(), error.code.as_str()), (409, "already_made"));
        assert!(error.message.contains(noun), "{}", error.message);
        assert!(error.hint.unwrap().contains(next));
        assert_eq!(
            app.audit().iter().filter(|action| **action == route.name()).count(),
            1 + app_before(route)
        );
        let stored = app.sqlite.dump().join("\n");
        let secret = String::from_utf8_lossy(first.body()).into_owned();
        let secret = secret.split(['"', '#']).find(|part| part.starts_with("patr_")).unwrap().to_owned();
        assert!(!stored.contains(&secret), "a secret is stored only as a hash");
    }
}

/// How many of these the installation was made with.
fn app_before(route: Route) -> usize {
    match route {
        Route::CreateRunner => 2,
        Route::CreateInvitation | Route::CreateClient => 0,
        _ => 1,
    }
}

#[test]
fn a_key_is_for_one_request() {
    for route in with_keys() {
        let app = App::new();
        let installation = Installation::new(&app);
        installation.send(route, &KEY);
        let before = app.sqlite.dump();
        let path = format!("{}?", installation.path(route, false));
        let other = installation.owner.with_headers(route.method(), &path, &JSON, body(route).unwrap_or(""));
        assert_eq!(
            (other.status(), other.code().as_str()),
            (422, "idempotency_key_reused"),
            "{}",
            route.name()
        );
        assert_eq!(app.sqlite.dump(), before, "{}", route.name());
    }
}

#[test]
fn the_key_of_one_person_is_nothing_to_another() {
    let app = App::new();
    let (ada, eve) = (app.person("ada"), app.person("eve"));
    let create = |who: &Caller<'_>, name: &str| {
        who.with_headers(http::Method::POST, "/api/v1/workspaces", &JSON, format!(r#"{{"name":"{name}"}}"#))
            .code()
    };
    assert_eq!((create(&ada, "one"), create(&eve, "two")), (String::new(), String::new()));
}

/// The other one is carried out after this one has looked whether there is another one.
fn overtaken(route: Route, status: &str) -> (Answered, bool) {
    let twin = App::new();
    Installation::new(&twin).send(route, &KEY);
    let hash: serde_json::Value =
        serde_json::from_str(&twin.sqlite.rows("SELECT request_hash FROM idempotency")[0]).unwrap();
    let app = App::new();
    let installation = Installation::new(&app);
    app.sqlite.meanwhile(format!(
        "INSERT INTO idempotency (user_id, key, request_hash, created_at, status, body)
         SELECT id, 'key-1', {}, 1, {status}, '{{}}' FROM users",
        hash["request_hash"].to_string().replace('"', "'")
    ));
    let before = app.audit();
    let answered = installation.send(route, &KEY);
    (answered, app.audit() == before)
}

#[test]
fn of_two_equal_requests_at_once_one_is_carried_out_and_the_other_told_what_came_of_it() {
    // The ids of managed URLs differ from one installation to the other, and so do requests that name them.
    let elsewhere = [Route::UpdateUrl, Route::DeleteUrl, Route::StartDeployment];
    for route in with_keys().filter(|route| !elsewhere.contains(route)) {
        let (answered, nothing_done) = overtaken(route, "NULL");
        assert_eq!(answered.code(), "idempotency_key_in_use", "{}", route.name());
        assert!(nothing_done, "{}", route.name());
        let (answered, nothing_done) = overtaken(route, "201");
        assert_eq!(
            (answered.status(), answered.header("idempotency-replayed")),
            (201, Some("true")),
            "{}",
            route.name()
        );
        assert!(nothing_done, "{}", route.name());
    }
}

#[test]
fn a_refused_write_can_be_sent_again_with_its_key() {
    let app = App::new();
    let owner = app.owner("acme");
    app.owner("taken");
    let create = |name: &str| {
        owner
            .with_headers(http::Method::POST, "/api/v1/workspaces", &JSON, format!(r#"{{"name":"{name}"}}"#))
            .code()
    };
    assert_eq!((create("taken"), create("free")), ("name_taken".to_owned(), String::new()));
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    let app = App::new();
    let installation = Installation::new(&app);
    let stop = || installation.send(Route::StopDeployment, &KEY).header("idempotency-replayed").is_some();
    assert_eq!((stop(), stop()), (false, true));
    app.pass(std::time::Duration::from_secs(24 * 3600 + 1));
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT key FROM idempotency").len(), 0);
}
