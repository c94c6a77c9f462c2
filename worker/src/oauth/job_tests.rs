use http::Method;
use patr_models::{
    auth::Permission,
    endpoint::body::{Json, NoBody},
    federation::{Federation, create, delete, list},
    user::who_am_i,
};
use serde_json::Value;

use super::*;
use crate::testing::{Answered, App, Caller, ISSUER, Outcome, Signing, code, refusal};

const KEYS: [Signing; 3] = Signing::ALL;

/// An installation that can reach GitHub's issuer.
fn app() -> App {
    let app = App::new();
    publish(&app, &KEYS);
    app
}

fn publish(app: &App, keys: &[Signing]) {
    for (url, document) in crate::testing::documents(ISSUER, keys) {
        app.outside.publishes(&url, &document);
    }
}

fn body(conditions: &[(&str, &str)], roles: &[&str]) -> create::Body {
    create::Body {
        name: "github".parse().unwrap(),
        issuer: ISSUER.parse().unwrap(),
        audience: None,
        conditions: conditions
            .iter()
            .map(|(claim, text)| ((*claim).to_owned(), text.parse().unwrap()))
            .collect(),
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
    }
}

fn trust(caller: &Caller<'_>, body: create::Body) -> Outcome<Federation> {
    let path = create::Path { workspace: caller.workspace() };
    caller.create::<create::CreateFederation>(path, Json(body)).map(|made| made.0)
}

/// An owner of `acme` who trusts its jobs on `main` to develop.
fn trusting(app: &App) -> Caller<'_> {
    let owner = app.owner("acme");
    trust(&owner, body(&[("repository", "acme/*"), ("ref", "refs/heads/main")], &["developer"])).unwrap();
    owner
}

/// The claims of a job of `acme/web` on `main`.
fn claims(app: &App) -> Value {
    let now = app.now.get().0 / 1000;
    json!({
        "iss": ISSUER, "aud": "https://patr.example", "sub": "repo:acme/web:ref:refs/heads/main",
        "repository": "acme/web", "ref": "refs/heads/main", "iat": now, "nbf": now - 5, "exp": now + 300,
    })
}

fn show(app: &App, token: &str, workspace: &str) -> Answered {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", GRANT_TYPE)
        .append_pair("subject_token", token)
        .append_pair("subject_token_type", ID_TOKENS[0])
        .append_pair("audience", workspace)
        .finish();
    app.form(TOKEN_PATH, &form)
}

const TOKEN_PATH: &str = crate::oauth::TOKEN;

fn problem(answered: &Answered) -> (u16, String, String) {
    let body: Value = serde_json::from_slice(answered.body()).unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (answered.status(), text("error"), text("error_description"))
}

/// What a job may act with.
fn job<'a>(app: &'a App, answered: &Answered) -> Caller<'a> {
    let body: Value = serde_json::from_slice(answered.body()).unwrap();
    app.anonymous().with_token(body["access_token"].as_str().unwrap().to_owned()).in_workspace("acme")
}

#[test]
fn a_job_shows_who_it_is_and_may_what_its_roles_allow_for_an_hour() {
    let app = app();
    trusting(&app);
    for key in KEYS {
        let answered = show(&app, &key.token(&claims(&app)), "acme");
        assert_eq!((answered.status(), answered.header("cache-control")), (200, Some("no-store")), "{key:?}");
        let body: Value = serde_json::from_slice(answered.body()).unwrap();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["issued_token_type"], ACCESS_TOKEN);
        assert_eq!(body["expires_in"], TOKEN_LIFE_S);
        let job = job(&app, &answered);
        let ask = |method: Method, path: &str, body: &str| job.raw(method, path, body.to_owned()).code();
        assert_eq!(
            ask(
                Method::POST,
                "/api/v1/workspaces/acme/sites",
                &format!(r#"{{"name":"{}"}}"#, key.alg().to_lowercase())
            ),
            ""
        );
        assert_eq!(
            ask(Method::POST, "/api/v1/workspaces/acme/runners", r#"{"name":"a","runtime":"docker"}"#),
            "forbidden"
        );
        assert_eq!(ask(Method::POST, "/api/v1/workspaces", r#"{"name":"mine"}"#), "token_too_narrow");
        assert_eq!(ask(Method::POST, "/api/v1/tokens", r#"{"name":"a"}"#), "not_with_this_token");
        assert_eq!(ask(Method::GET, "/api/v1/tokens/a", ""), "not_found");
        app.pass(Duration::from_secs(TOKEN_LIFE_S.into()));
        assert_eq!(ask(Method::GET, "/api/v1/workspaces/acme", ""), "unauthenticated");
        app.sweep();
        assert_eq!(app.sqlite.rows("SELECT * FROM job_tokens").len(), 0);
    }
    assert!(app.audit().contains(&ACTION.to_owned()));
}

#[test]
fn the_audit_log_says_whose_jobs_were_trusted_with_what() {
    let app = app();
    let owner = app.owner("acme");
    trust(&owner, body(&[("repository", "acme/web")], &["developer"])).unwrap();
    owner.raw(Method::DELETE, "/api/v1/workspaces/acme/federations/github", "");
    let lines = app.sqlite.rows("SELECT before_json, after_json FROM audit ORDER BY rowid DESC LIMIT 2");
    let said = |at: usize, column: &str| -> Value {
        let line: Value = serde_json::from_str(&lines[at]).unwrap();
        line[column].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    };
    let whose = json!({
        "issuer": ISSUER, "audience": "https://patr.example", "conditions": { "repository": "acme/web" },
        "roles": ["developer"],
    });
    assert_eq!((said(1, "before_json"), said(1, "after_json")), (Value::Null, whose.clone()));
    assert_eq!((said(0, "before_json"), said(0, "after_json")), (whose, Value::Null));
}

#[test]
fn the_audit_log_says_which_job_it_was() {
    let app = app();
    trusting(&app);
    show(&app, &KEYS[2].token(&claims(&app)), "acme");
    let row = app.sqlite.rows("SELECT name FROM audit ORDER BY rowid DESC LIMIT 1");
    assert!(row[0].contains("repo:acme/web:ref:refs/heads/main"), "{row:?}");
    let dump = app.sqlite.dump().join("\n");
    assert!(!dump.contains("patr_a_"), "a secret is stored only as a hash");
}

#[test]
fn a_job_that_is_not_as_the_conditions_say_gets_nothing() {
    let app = app();
    trusting(&app);
    for (claim, value, named) in [
        ("repository", json!("eve/web"), "repository"),
        ("repository", json!(null), "repository"),
        ("ref", json!("refs/heads/mai"), "ref"),
        ("ref", json!("refs/heads/main2"), "ref"),
        ("ref", json!({ "a": "refs/heads/main" }), "ref"),
    ] {
        let mut claims = claims(&app);
        claims[claim] = value.clone();
        let (status, error, description) = problem(&show(&app, &KEYS[2].token(&claims), "acme"));
        assert_eq!((status, error.as_str()), (400, "invalid_target"), "{claim} {value}");
        assert!(description.contains(&format!("'{named}'")) || description.contains(named), "{description}");
    }
    assert_eq!(app.sqlite.rows("SELECT * FROM job_tokens").len(), 0);
}

#[test]
fn a_token_that_proves_nothing_gets_nothing() {
    let app = app();
    trusting(&app);
    let forged = Signing::EdDsa(9)
        .token_with(&json!({ "alg": "EdDSA", "kid": Signing::EdDsa(1).kid() }), &claims(&app));
    assert_eq!(problem(&show(&app, &forged, "acme")).1, "invalid_request");
    let mut late = claims(&app);
    late["exp"] = json!(app.now.get().0 / 1000 - 61);
    let (status, error, description) = problem(&show(&app, &KEYS[2].token(&late), "acme"));
    assert_eq!((status, error.as_str()), (400, "invalid_request"));
    assert!(description.contains("expired"), "{description}");
    assert_eq!(problem(&show(&app, "nonsense", "acme")).1, "invalid_request");
}

#[test]
fn a_stranger_learns_nothing_about_workspaces() {
    let app = app();
    trusting(&app);
    app.owner("other");
    let token = KEYS[2].token(&claims(&app));
    let mut elsewhere = claims(&app);
    elsewhere["aud"] = json!("https://elsewhere.example");
    let unknown = problem(&show(&app, &token, "nowhere"));
    assert_eq!(unknown.1, "invalid_target");
    assert_eq!(problem(&show(&app, &token, "other")), unknown);
    assert_eq!(problem(&show(&app, &token, "no name at all")), unknown);
    assert_eq!(problem(&show(&app, &KEYS[2].token(&elsewhere), "acme")), unknown);
}

#[test]
fn keys_that_an_issuer_changes_are_looked_for_once_a_minute() {
    let app = app();
    trusting(&app);
    let before = app.outside.asked();
    let (old, new) = (KEYS[2], Signing::EdDsa(7));
    assert_eq!(show(&app, &old.token(&claims(&app)), "acme").status(), 200);
    assert_eq!(app.outside.asked(), before, "they were fetched when the federation was made");
    publish(&app, &[new]);
    assert_eq!(show(&app, &new.token(&claims(&app)), "acme").status(), 400, "it was just asked");
    app.pass(Duration::from_secs(60));
    assert_eq!(show(&app, &new.token(&claims(&app)), "acme").status(), 200);
    assert_eq!(show(&app, &old.token(&claims(&app)), "acme").status(), 400, "what was withdrawn is refused");
    let asked = app.outside.asked();
    for _ in 0..5 {
        show(&app, &Signing::EdDsa(8).token(&claims(&app)), "acme");
    }
    assert_eq!(app.outside.asked(), asked, "made-up names of keys have nobody asked");
}

#[test]
fn an_issuer_that_is_away_is_trusted_for_a_day_by_the_keys_it_had() {
    let app = app();
    trusting(&app);
    app.outside.goes_away();
    app.pass(Duration::from_secs(23 * 3600));
    assert_eq!(show(&app, &KEYS[2].token(&claims(&app)), "acme").status(), 200);
    app.pass(Duration::from_secs(3600));
    assert_eq!(show(&app, &KEYS[2].token(&claims(&app)), "acme").status(), 400);
}

#[test]
fn a_federation_that_is_removed_ends_its_tokens() {
    let app = app();
    let owner = trusting(&app);
    let job = job(&app, &show(&app, &KEYS[2].token(&claims(&app)), "acme"));
    assert_eq!(job.raw(Method::GET, "/api/v1/workspaces/acme", "").status(), 200);
    let path = delete::Path { workspace: owner.workspace(), federation: "github".parse().unwrap() };
    owner.call::<delete::DeleteFederation>(path, NoBody).unwrap();
    assert_eq!(job.raw(Method::GET, "/api/v1/workspaces/acme", "").code(), "unauthenticated");
    assert_eq!(problem(&show(&app, &KEYS[2].token(&claims(&app)), "acme")).1, "invalid_target");
}

#[test]
fn a_job_gets_no_more_than_whoever_trusts_it_may_at_that_moment() {
    let app = app();
    trusting(&app);
    let job = job(&app, &show(&app, &KEYS[2].token(&claims(&app)), "acme"));
    let make = |name: &str| {
        job.raw(Method::POST, "/api/v1/workspaces/acme/sites", format!(r#"{{"name":"{name}"}}"#)).code()
    };
    assert_eq!(make("one"), "");
    app.sqlite.run("UPDATE member_roles SET role = 'viewer'");
    assert_eq!(make("two"), "forbidden");
    app.sqlite.run("DELETE FROM member_roles; DELETE FROM members");
    assert_eq!(make("three"), "not_found");
}

#[test]
fn a_federation_says_whose_jobs_it_means_and_gives_no_more_than_its_maker_may() {
    let app = app();
    let owner = app.owner("acme");
    assert_eq!(code(trust(&owner, body(&[("ref", "refs/heads/main")], &["viewer"]))), "anyones_jobs");
    assert_eq!(code(trust(&owner, body(&[("sub", "*")], &["viewer"]))), "anyones_jobs");
    assert_eq!(code(trust(&owner, body(&[("sub", "repo:acme/*")], &[]))), "no_role");
    assert_eq!(code(trust(&owner, body(&[("sub", "repo:acme/*")], &["nothing"]))), "role_not_found");
    trust(&owner, body(&[("sub", "repo:acme/*")], &["admin"])).unwrap();
    assert_eq!(code(trust(&owner, body(&[("sub", "repo:acme/*")], &["viewer"]))), "name_taken");
    let narrow = format!(
        r#"{{"name":"narrow","workspaces":[{{"workspace":"acme","grants":[{{"permission":"{}"}}]}}]}}"#,
        Permission::MemberInvite.as_str()
    );
    let made: patr_models::token::NewToken =
        serde_json::from_slice(owner.raw(Method::POST, "/api/v1/tokens", narrow).body()).unwrap();
    let narrow = owner.with_token(made.secret);
    assert_eq!(code(trust(&narrow, body(&[("sub", "repo:acme/*")], &["viewer"]))), "more_than_yours");
}

#[test]
fn an_issuer_that_cannot_be_asked_is_not_trusted() {
    let app = App::new();
    let owner = app.owner("acme");
    let refused = refusal(trust(&owner, body(&[("sub", "repo:acme/*")], &["viewer"])));
    assert_eq!(refused.code, "issuer_unusable");
    assert!(refused.message.contains("/.well-known/openid-configuration answers 404"), "{}", refused.message);
    let other =
        json!({ "issuer": "https://elsewhere.example", "jwks_uri": "https://elsewhere.example/keys" });
    app.outside.publishes(&format!("{ISSUER}/.well-known/openid-configuration"), &other);
    let refused = refusal(trust(&owner, body(&[("sub", "repo:acme/*")], &["viewer"])));
    assert!(refused.message.contains("is of the issuer `https://elsewhere.example`"), "{}", refused.message);
}

#[test]
fn federations_are_listed_to_members_only() {
    let app = app();
    let owner = trusting(&app);
    let list = |caller: &Caller<'_>| {
        let path = list::Path { workspace: "acme".parse().unwrap() };
        caller.list::<list::ListFederations, _>(path, Default::default())
    };
    let listed = list(&owner).unwrap().items;
    assert_eq!((listed.len(), listed[0].audience.as_str()), (1, "https://patr.example"));
    assert_eq!(code(list(&app.person("eve"))), "not_found");
}

#[test]
fn a_job_knows_whose_trust_it_has() {
    let app = app();
    trusting(&app);
    let job = job(&app, &show(&app, &KEYS[2].token(&claims(&app)), "acme"));
    let me = job.get::<who_am_i::WhoAmI>(who_am_i::Path {}).unwrap().0;
    assert_eq!(me.email.as_str(), "owner-of-acme@example.com");
}

#[test]
fn a_request_that_is_not_as_it_has_to_be_says_what_is_wrong() {
    let app = app();
    let form = |form: &str| problem(&app.form(TOKEN_PATH, form));
    assert_eq!(form("").2, "grant_type is missing");
    assert_eq!(form("grant_type=password").1, "unsupported_grant_type");
    assert_eq!(form("grant_type=a&grant_type=b").2, "grant_type is there more than once");
    let exchange = format!("grant_type={GRANT_TYPE}");
    assert_eq!(form(&exchange).2, "subject_token_type is missing");
    assert_eq!(form(&format!("{exchange}&subject_token_type=x")).1, "invalid_request");
    let get = app.oauth(Method::GET, TOKEN_PATH, &[], "");
    assert_eq!((get.status(), get.header("allow")), (405, Some("POST")));
    let json = app.oauth(Method::POST, TOKEN_PATH, &[("content-type", "application/json")], "{}");
    assert_eq!(problem(&json).0, 400);
}
