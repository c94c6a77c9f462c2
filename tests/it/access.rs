//! Who may do what, generated from the declarations.

use patr_models::{
    auth::{AuthKind, prefix},
    endpoint::body::NoBody,
    error::Common,
    routes::Route,
};
use patr_stories::{Caller, Edge};

/// A path of a route, about things of `acme`.
fn path(route: Route) -> String {
    let template = route.path();
    let names = template.as_str().split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let value = |name: &str| match name {
        "workspace" => "acme".to_owned(),
        "lane" | "version" => "1".to_owned(),
        "pack" => "0".repeat(64),
        "url" => "url_00000000000000000000000000".to_owned(),
        _ => "nothing".to_owned(),
    };
    template.fill(&names.map(value).collect::<Vec<_>>())
}

async fn answers(caller: &Caller, route: Route) -> (u16, String) {
    caller.raw(route.method(), &path(route), "{}").await
}

#[tokio::test]
async fn every_endpoint_answers_each_kind_of_caller_as_it_declares() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let runner = Caller::anonymous(edge.url()).with_token(owner.add_runner("box").await);
    let stranger = edge.owner("stranger", "other").await;
    let anonymous = Caller::anonymous(edge.url());
    let forged = |prefix: &str| anonymous.with_token(format!("{prefix}{}", "A".repeat(43)));

    for &route in Route::ALL {
        let name = route.name();
        // The session that makes the other calls must not end itself.
        if name == "LogOut" {
            continue;
        }
        if route.auth() == AuthKind::NoAuth {
            assert_ne!(answers(&anonymous, route).await.0, 403, "{name}");
            continue;
        }
        let prefix = if route.auth() == AuthKind::Runner { prefix::RUNNER } else { prefix::SESSION };
        for nobody in [&anonymous, &forged(prefix)] {
            assert_eq!(answers(nobody, route).await, (401, "unauthenticated".to_owned()), "{name}");
        }
        match route.auth() {
            AuthKind::Member => {
                assert_eq!(answers(&runner, route).await.1, "wrong_kind_of_token", "{name}");
                assert_eq!(answers(&stranger, route).await, (404, "not_found".to_owned()), "{name}");
            }
            AuthKind::User => assert_eq!(answers(&runner, route).await.1, "wrong_kind_of_token", "{name}"),
            AuthKind::Runner => assert_eq!(answers(&owner, route).await.1, "wrong_kind_of_token", "{name}"),
            AuthKind::NoAuth | AuthKind::Internal => unreachable!("{name}"),
        }
        if route.auth() != AuthKind::Runner && name != "DeleteWorkspace" {
            let (status, code) = answers(&owner, route).await;
            assert!(
                !matches!(status, 401 | 403) && status < 500,
                "{name} refused its owner: {status} {code}"
            );
        }
    }
}

#[tokio::test]
async fn internal_routes_are_closed_to_everyone_outside() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let path = "/internal/v1/runners/run_00000000000000000000000000/desired";
    let (status, code) = owner.raw(http::Method::GET, path, "").await;
    assert_eq!((status, code.as_str()), (401, "unauthenticated"));
}

#[tokio::test]
async fn a_fresh_installation_is_not_taken_over_without_its_secret() {
    let edge = Edge::start().await;
    let anyone = Caller::anonymous(edge.url());
    let body = |secret: &str| format!(r#"{{"email":"eve@example.com","password":"password1"{secret}}}"#);
    let sign_up = async |body: String| anyone.raw(http::Method::POST, "/api/v1/sign-up", body).await;
    assert_eq!(sign_up(body("")).await.1, "bootstrap_secret_needed");
    assert_eq!(sign_up(body(r#","bootstrap_secret":"guess""#)).await.1, "bootstrap_secret_wrong");
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down() {
    let edge = Edge::start().await;
    edge.person("ada").await;
    let anyone = Caller::anonymous(edge.url());
    let body = r#"{"email":"ada@example.com","password":"wrong"}"#;
    for _ in 0..10 {
        assert_eq!(anyone.raw(http::Method::POST, "/api/v1/log-in", body).await.1, "wrong_password");
    }
    assert_eq!(anyone.raw(http::Method::POST, "/api/v1/log-in", body).await.1, "too_many_requests");
}

#[tokio::test]
async fn a_token_ends_with_log_out() {
    let edge = Edge::start().await;
    let person = edge.person("ada").await;
    use patr_models::user::{log_out, who_am_i};
    assert!(person.call::<who_am_i::WhoAmI>(who_am_i::Path {}, NoBody).await.is_ok());
    person.call::<log_out::LogOut>(log_out::Path {}, NoBody).await.unwrap();
    let error = person.call::<who_am_i::WhoAmI>(who_am_i::Path {}, NoBody).await.unwrap_err();
    use patr_models::error::ApiError;
    assert!(error.is(Common::Unauthenticated.doc().code));
}
