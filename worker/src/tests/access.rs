//! Who may do what, generated from the declarations. `tests/it/access.rs` asks the same of the real edge.

use patr_models::{
    auth::{AuthKind, prefix},
    routes::Route,
};

use super::installation::{Installation, streams};
use crate::testing::App;

#[test]
fn every_endpoint_answers_each_kind_of_caller_as_it_declares() {
    for &route in Route::ALL {
        let app = App::new();
        let installation = Installation::new(&app);
        let owner = &installation.owner;
        let runner = app.anonymous().with_token(owner.runner("joining").token);
        let stranger = app.owner("other");
        let forged = |prefix: &str| app.anonymous().with_token(format!("{prefix}{}", "A".repeat(43)));
        let answer = |caller| {
            let answered = installation.send_as(caller, route, &[]);
            (answered.status(), answered.code())
        };
        let (unauthenticated, wrong_kind, not_found) = (
            (401, "unauthenticated".to_owned()),
            (403, "wrong_kind_of_token".to_owned()),
            (404, "not_found".to_owned()),
        );
        let before = app.sqlite.dump();
        let name = route.name();
        let nobodies = [
            app.anonymous(),
            app.anonymous().with_token("nonsense".to_owned()),
            forged(if route.auth() == AuthKind::Runner { prefix::RUNNER } else { prefix::SESSION }),
        ];
        if route.auth() != AuthKind::NoAuth {
            assert!(nobodies.iter().all(|nobody| answer(nobody) == unauthenticated), "{name}");
        }
        match route.auth() {
            AuthKind::Member => {
                assert_eq!(answer(&runner), wrong_kind, "{name}");
                assert_eq!(answer(&stranger), not_found, "{name}");
            }
            AuthKind::User => {
                assert_eq!(answer(&runner), wrong_kind, "{name}");
                if route.path().as_str().contains("{workspace}") {
                    assert_eq!(answer(&stranger), not_found, "{name}");
                }
            }
            AuthKind::Runner => assert_eq!(answer(owner), wrong_kind, "{name}"),
            AuthKind::NoAuth | AuthKind::Internal => {}
        }
        assert_eq!(app.sqlite.dump(), before, "{name} wrote something for somebody else");
        if !streams(route) {
            let (status, code) = answer(owner);
            assert!(
                !matches!(status, 401 | 403) && status < 500,
                "{name} answered its owner {status} {code}"
            );
        }
    }
}

#[test]
fn a_token_for_one_workspace_opens_no_other() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.raw(http::Method::POST, "/api/v1/workspaces", r#"{"name":"private"}"#);
    let made = owner.raw(
        http::Method::POST,
        "/api/v1/tokens",
        r#"{"name":"ci","workspaces":[{"workspace":"acme"}]}"#,
    );
    let made: patr_models::token::NewToken = serde_json::from_slice(made.body()).unwrap();
    let limited = app.anonymous().with_token(made.secret);
    let get = |path: &str| limited.raw(http::Method::GET, path, "").status();
    assert_eq!(get("/api/v1/workspaces/acme"), 200);
    assert_eq!(get("/api/v1/workspaces/private"), 404);
    let listed = limited.raw(http::Method::GET, "/api/v1/workspaces", "");
    assert!(!String::from_utf8_lossy(listed.body()).contains("private"));
}

#[test]
fn internal_routes_want_the_internal_secret() {
    let app = App::new();
    let path = "/internal/v1/runners/run_00000000000000000000000000/desired";
    let ask = |secret: &str| {
        app.anonymous().with_headers(http::Method::GET, path, &[("patr-internal", secret)], "").code()
    };
    assert_eq!(
        (ask("internal-secret"), ask("guess"), ask("")),
        ("not_found".to_owned(), "unauthenticated".to_owned(), "unauthenticated".to_owned())
    );
}

#[test]
fn an_installation_with_empty_secrets_opens_to_nobody() {
    let mut app = App::new();
    app.settings.internal_secret = String::new();
    app.settings.bootstrap_secret = String::new();
    let path = "/internal/v1/runners/run_00000000000000000000000000/desired";
    assert_eq!(app.anonymous().raw(http::Method::GET, path, "").code(), "unauthenticated");
    let body = r#"{"email":"eve@example.com","password":"password1","bootstrap_secret":""}"#;
    assert_eq!(
        app.anonymous().raw(http::Method::POST, "/api/v1/sign-up", body).code(),
        "bootstrap_secret_wrong"
    );
}
