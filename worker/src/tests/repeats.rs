//! `Idempotency-Key`: a write that is sent twice happens once.

use patr_models::routes::Route;

use super::installation::{Installation, takes, writes};
use crate::testing::App;

const KEY: [(&str, &str); 1] = [("idempotency-key", "key-1")];

fn with_keys() -> impl Iterator<Item = Route> {
    writes().chain([Route::StartDeployment]).filter(|route| takes(*route, "idempotency-key"))
}

fn holds_a_secret(route: Route) -> bool {
    matches!(route, Route::CreateRunner | Route::CreateToken)
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
        (Route::CreateToken, "the token `new` (tok_", "patr token revoke new"),
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
        let secret = secret.split('"').find(|part| part.starts_with("patr_")).unwrap().to_owned();
        assert!(!stored.contains(&secret), "a secret is stored only as a hash");
    }
}

/// How many of these the installation was made with.
fn app_before(route: Route) -> usize {
    if route == Route::CreateRunner { 2 } else { 1 }
}

#[test]
fn a_key_is_for_one_request() {
    for route in with_keys() {
        let app = App::new();
        let installation = Installation::new(&app);
        installation.send(route, &KEY);
        let before = app.sqlite.dump();
        let headers = [KEY[0], ("content-type", "application/json")];
        let path = format!("{}?", installation.path(route, false));
        let other = installation.owner.with_headers(route.method(), &path, &headers, "");
        let wanted = ["idempotency_key_reused", "invalid_request"];
        assert!(wanted.contains(&other.code().as_str()), "{} {}", route.name(), other.code());
        assert_eq!(app.sqlite.dump(), before, "{}", route.name());
    }
    let app = App::new();
    let owner = app.owner("acme");
    let create = |name: &str| {
        let headers = [KEY[0], ("content-type", "application/json")];
        owner.with_headers(
            http::Method::POST,
            "/api/v1/workspaces",
            &headers,
            format!(r#"{{"name":"{name}"}}"#),
        )
    };
    assert_eq!(
        (create("one").code(), create("two").code()),
        (String::new(), "idempotency_key_reused".to_owned())
    );
}

#[test]
fn the_key_of_one_person_is_nothing_to_another() {
    let app = App::new();
    let (ada, eve) = (app.person("ada"), app.person("eve"));
    let headers = [KEY[0], ("content-type", "application/json")];
    let create = |who: &crate::testing::Caller<'_>, name: &str| {
        who.with_headers(
            http::Method::POST,
            "/api/v1/workspaces",
            &headers,
            format!(r#"{{"name":"{name}"}}"#),
        )
        .code()
    };
    assert_eq!((create(&ada, "one"), create(&eve, "two")), (String::new(), String::new()));
}

#[test]
fn of_two_equal_requests_at_once_the_later_one_is_told_that_and_not_that_its_name_is_taken() {
    for route in with_keys() {
        let app = App::new();
        let installation = Installation::new(&app);
        let user = app.sqlite.rows("SELECT id FROM users LIMIT 1").remove(0);
        let user: serde_json::Value = serde_json::from_str(&user).unwrap();
        app.sqlite.meanwhile(format!(
            "INSERT INTO idempotency (user_id, key, request_hash, created_at) VALUES ('{}', 'key-1', 'x', 1)",
            user["id"].as_str().unwrap()
        ));
        let before = app.audit();
        let code = installation.send(route, &KEY).code();
        // Of another request natively; in truth its hash is equal, and the answer is not there yet.
        assert!(
            ["idempotency_key_reused", "idempotency_key_in_use"].contains(&code.as_str())
                || route == Route::StartDeployment,
            "{} {code}",
            route.name()
        );
        assert_eq!(app.audit(), before, "{}", route.name());
    }
}

#[test]
fn a_refused_write_can_be_sent_again_with_its_key() {
    let app = App::new();
    let owner = app.owner("acme");
    app.owner("taken");
    let create = |name: &str| {
        let headers = [KEY[0], ("content-type", "application/json")];
        owner
            .with_headers(
                http::Method::POST,
                "/api/v1/workspaces",
                &headers,
                format!(r#"{{"name":"{name}"}}"#),
            )
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
