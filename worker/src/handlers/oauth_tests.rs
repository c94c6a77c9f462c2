use patr_models::{
    endpoint::body::NoBody,
    oauth::{
        RedirectUri, create_client, delete_client, list_authorizations, list_clients, revoke_authorization,
    },
    page::ListQuery,
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, named, pages};

fn body(name: &str, redirect_uris: &[&str]) -> create_client::Body {
    let redirect_uris = redirect_uris.iter().map(|uri| uri.parse().unwrap()).collect();
    create_client::Body { name: name.parse().unwrap(), redirect_uris, confidential: false }
}

fn tool(name: &str) -> create_client::Body {
    body(name, &["https://tool.example/cb"])
}

fn register(caller: &Caller<'_>, body: create_client::Body) -> Outcome<NewClient> {
    caller.create::<CreateClient>(create_client::Path {}, Json(body)).map(|made| made.0)
}

fn delete(caller: &Caller<'_>, client: &str) -> Outcome<NoContent> {
    caller.call::<DeleteClient>(delete_client::Path { client: client.parse().unwrap() }, NoBody)
}

/// Something that `who` has let a client do.
fn let_in(app: &App, who: &str, client: &NewClient, id: u8) -> AuthorizationId {
    let id = format!("authz_0000000000000000000000000{id}");
    app.sqlite.run(&format!(
        "INSERT INTO oauth_authorizations (id, client_id, user_id, openings, scope, created_at, expires_at)
             SELECT '{id}', '{}', id, '[]', 'site:view', 1, 1800000000000 FROM users WHERE email = '{who}@example.com'",
        client.client.id
    ));
    id.parse().unwrap()
}

fn authorizations(caller: &Caller<'_>, query: ListQuery) -> Vec<AuthorizationId> {
    let path = list_authorizations::Path {};
    let page = caller.list::<ListAuthorizations, _>(path, query).unwrap();
    page.items.into_iter().map(|authorization| authorization.id).collect()
}

fn revoke(caller: &Caller<'_>, authorization: AuthorizationId) -> Outcome<NoContent> {
    caller.call::<RevokeAuthorization>(revoke_authorization::Path { authorization }, NoBody)
}

#[test]
fn a_client_that_can_keep_a_secret_is_shown_it_once() {
    let app = App::new();
    let ada = app.person("ada");
    assert_eq!(register(&ada, tool("public")).unwrap().secret, None);
    let made = register(&ada, create_client::Body { confidential: true, ..tool("server") }).unwrap();
    let secret = made.secret.unwrap();
    assert!(patr_models::auth::secret::is_whole(prefix::CLIENT, &secret) && made.client.confidential);
    assert!(!app.sqlite.dump().join("\n").contains(&secret));
}

#[test]
fn clients_are_listed_and_deleted_by_whoever_registered_them() {
    let app = App::new();
    let (ada, eve) = (app.person("ada"), app.person("eve"));
    for name in ["one", "two", "three"] {
        register(&ada, tool(name)).unwrap();
        app.pass(std::time::Duration::from_millis(1));
    }
    let list = |query| ada.list::<ListClients, _>(list_clients::Path {}, query).unwrap();
    assert_eq!(pages(list, |client| client.name.to_string()), ["one", "two", "three"]);
    assert_eq!(list(named("tw")).items.len(), 1);
    assert!(
        eve.list::<ListClients, _>(list_clients::Path {}, ListQuery::default()).unwrap().items.is_empty()
    );
    assert_eq!(code(delete(&eve, "one")), "not_found");
    let id = list(named("two")).items.remove(0).id.to_string();
    delete(&ada, "one").unwrap();
    delete(&ada, &id).unwrap();
    assert_eq!(pages(list, |client| client.name.to_string()), ["three"]);
    assert_eq!(code(delete(&ada, "one")), "not_found");
}

#[test]
fn what_is_no_client_is_not_registered() {
    let app = App::new();
    let ada = app.person("ada");
    register(&ada, tool("tool")).unwrap();
    assert_eq!(code(register(&ada, tool("tool"))), "name_taken");
    assert_eq!(code(register(&app.person("bob"), tool("tool"))), "", "a name is of one person");
    assert_eq!(code(register(&ada, body("none", &[]))), "redirect_uris_invalid");
    let many: Vec<String> = (0..=REDIRECTS_MAX).map(|n| format!("https://tool.example/{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(code(register(&ada, body("many", &many))), "redirect_uris_invalid");
    assert!("http://tool.example/cb".parse::<RedirectUri>().is_err(), "what is no address does not get here");
}

#[test]
fn a_person_has_so_many_clients_and_no_more() {
    let app = App::new();
    let ada = app.person("ada");
    for n in 0..CLIENTS_MAX {
        register(&ada, tool(&format!("tool{n}"))).unwrap();
    }
    assert_eq!(code(register(&ada, tool("more"))), "too_many_clients");
}

#[test]
fn a_person_sees_what_it_has_let_clients_do_and_takes_it_back() {
    let app = App::new();
    let (ada, bob) = (app.person("ada"), app.person("bob"));
    let client = register(&bob, tool("tool")).unwrap();
    let (first, second) = (let_in(&app, "ada", &client, 1), let_in(&app, "ada", &client, 2));
    let of_bob = let_in(&app, "bob", &client, 3);
    assert_eq!(authorizations(&ada, ListQuery::default()), [first, second]);
    assert!(authorizations(&ada, named("other")).is_empty());
    assert_eq!(code(revoke(&ada, of_bob)), "not_found");
    revoke(&ada, first).unwrap();
    assert_eq!(authorizations(&ada, ListQuery::default()), [second]);
    assert_eq!(app.last_audit(), "RevokeAuthorization");
    delete(&bob, "tool").unwrap();
    assert!(authorizations(&ada, ListQuery::default()).is_empty(), "it goes with the client");
}

#[test]
fn what_has_ended_is_not_shown() {
    let app = App::new();
    let (ada, bob) = (app.person("ada"), app.person("bob"));
    let_in(&app, "ada", &register(&bob, tool("tool")).unwrap(), 1);
    app.now.set(patr_models::time::Millis(1_800_000_000_000));
    app.sqlite.run("UPDATE sessions SET expires_at = 1900000000000");
    assert!(authorizations(&ada, ListQuery::default()).is_empty());
}

#[test]
fn a_token_registers_nothing_and_takes_nothing_back() {
    let app = App::new();
    let ada = app.person("ada");
    let made = ada.raw(http::Method::POST, "/api/v1/tokens", r#"{"name":"ci"}"#);
    let made: patr_models::token::NewToken = serde_json::from_slice(made.body()).unwrap();
    let token = app.anonymous().with_token(made.secret);
    assert_eq!(code(register(&token, tool("tool"))), "wrong_kind_of_token");
    assert_eq!(code(delete(&token, "tool")), "wrong_kind_of_token");
    let id = "authz_00000000000000000000000001".parse().unwrap();
    assert_eq!(code(revoke(&token, id)), "wrong_kind_of_token");
    for path in ["/api/v1/oauth/clients", "/api/v1/oauth/authorizations"] {
        assert_eq!(token.raw(http::Method::GET, path, "").code(), "wrong_kind_of_token");
    }
}
