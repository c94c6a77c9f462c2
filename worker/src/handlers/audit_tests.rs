use futures_executor::block_on;
use futures_util::TryStreamExt;
use http::Method;
use patr_models::{
    audit::{
        Outcome, account, list,
        verify::{Problem, Verified, verify},
    },
    endpoint::{body::NoBody, headers::NoHeaders},
    token::NewToken,
};

use super::*;
use crate::{
    audit::NONE,
    testing::{App, Caller, pages as all_pages},
};

fn list(caller: &Caller<'_>, query: Query) -> Page<AuditEntry> {
    let path = list::Path { workspace: caller.workspace() };
    caller.send(Call::<ListAudit> { path, query, headers: NoHeaders, body: NoBody }).unwrap().body.0
}

fn account(caller: &Caller<'_>, query: Query) -> Page<AuditEntry> {
    let path = account::Path {};
    caller.send(Call::<ListAccountAudit> { path, query, headers: NoHeaders, body: NoBody }).unwrap().body.0
}

fn names(page: Page<AuditEntry>) -> Vec<String> {
    page.items.into_iter().map(|entry| entry.name).collect()
}

/// What an export of a chain answers.
fn export(app: &App, chain: &str) -> String {
    let pages: Vec<Bytes> = block_on(pages(app.ctx().db.again(), chain.to_owned(), 2).try_collect()).unwrap();
    pages.iter().map(|page| String::from_utf8(page.to_vec()).unwrap()).collect()
}

fn check(export: &str) -> Result<Verified, Problem> {
    verify(export.lines(), None)
}

#[test]
fn the_log_of_a_workspace_is_its_own_newest_first_and_page_by_page() {
    let app = App::new();
    let (owner, other) = (app.owner("acme"), app.owner("other"));
    other.runner("theirs");
    for name in ["one", "two", "three"] {
        owner.runner(name);
    }
    assert_eq!(names(list(&owner, Query::default())), ["three", "two", "one"]);
    let paged = |page: patr_models::page::ListQuery| {
        list(&owner, Query { limit: page.limit, cursor: page.cursor, ..Query::default() })
    };
    assert_eq!(all_pages(paged, |entry| entry.id).len(), 3);
    assert_eq!(
        names(list(&owner, Query { name: Some("t".to_owned()), ..Query::default() })),
        ["three", "two"]
    );
}

#[test]
fn a_list_is_narrowed_by_who_what_when_and_how_it_ended() {
    let app = App::new();
    let owner = app.owner("acme");
    let first = owner.runner("one").runner.id.to_string();
    app.pass(std::time::Duration::from_secs(60));
    let later = app.now.get();
    owner.runner("two");
    owner.raw(Method::DELETE, "/api/v1/workspaces/acme/runners/nothing", "");
    let user = list(&owner, Query::default()).items[0].user.unwrap().to_string();
    let found = |query| names(list(&owner, query));
    let none = || Query::default();
    assert_eq!(found(Query { actor: Some(user), ..none() }), ["nothing", "two", "one"]);
    assert_eq!(found(Query { actor: Some("usr_1".to_owned()), ..none() }), [""; 0]);
    assert_eq!(found(Query { action: Some("DeleteRunner".to_owned()), ..none() }), ["nothing"]);
    assert_eq!(found(Query { resource: Some(first), ..none() }), ["one"]);
    assert_eq!(found(Query { outcome: Some(Outcome::Refused), ..none() }), ["nothing"]);
    assert_eq!(found(Query { from: Some(later), ..none() }), ["nothing", "two"]);
    assert_eq!(found(Query { to: Some(later), ..none() }), ["one"]);
}

#[test]
fn what_a_token_did_names_the_token() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = owner.raw(Method::POST, "/api/v1/tokens", r#"{"name":"ci"}"#);
    let made: NewToken = serde_json::from_slice(made.body()).unwrap();
    owner.with_token(made.secret).runner("box");
    let entries = list(&owner, Query::default()).items;
    assert_eq!((entries[0].action.as_str(), entries[0].token), ("CreateRunner", Some(made.token.id)));
    assert_eq!(
        names(list(&owner, Query { actor: Some(made.token.id.to_string()), ..Query::default() })),
        ["box"]
    );
}

#[test]
fn a_line_says_where_from_and_with_what() {
    let app = App::new();
    let owner = app.owner("acme");
    let headers =
        [("cf-connecting-ip", "192.0.2.7"), ("user-agent", "curl/8"), ("content-type", "application/json")];
    let path = "/api/v1/workspaces/acme/runners";
    owner.with_headers(Method::POST, path, &headers, r#"{"name":"box","runtime":"docker"}"#);
    let entry = list(&owner, Query::default()).items.remove(0);
    assert_eq!((entry.address.as_deref(), entry.agent.as_deref()), (Some("192.0.2.7"), Some("curl/8")));
}

#[test]
fn what_belongs_to_no_workspace_is_seen_by_its_account_and_nobody_else() {
    let app = App::new();
    let (ada, eve) = (app.person("ada"), app.person("eve"));
    ada.raw(Method::POST, "/api/v1/tokens", r#"{"name":"ci"}"#);
    assert_eq!(names(account(&ada, Query::default())), ["ci"]);
    assert_eq!(names(account(&eve, Query::default())), [""; 0]);
}

#[test]
fn an_export_is_good_as_it_is_answered() {
    let app = App::new();
    let owner = app.owner("acme");
    for name in ["one", "two", "three", "grüße-\u{1f600}"] {
        owner.raw(Method::DELETE, &format!("/api/v1/workspaces/acme/runners/{}", name.len()), "");
        owner.raw(
            Method::POST,
            "/api/v1/workspaces/acme/runners",
            format!(r#"{{"name":"{name}","runtime":"docker"}}"#),
        );
    }
    let entries = list(&owner, Query::default()).items;
    let verified = check(&export(&app, &entries[0].chain)).unwrap();
    assert_eq!(
        (verified.first, verified.last, verified.head),
        (1, entries.len() as u64, entries[0].hash.clone())
    );
    assert_eq!(check(&export(&app, NONE)), Err(Problem::Empty));
}

#[test]
fn what_is_changed_in_the_database_although_it_refuses_that_is_named() {
    let app = App::new();
    let owner = app.owner("acme");
    ["one", "two", "three"].into_iter().for_each(|name| drop(owner.runner(name)));
    let chain = list(&owner, Query::default()).items[0].chain.clone();
    app.sqlite.run("DROP TRIGGER audit_is_not_changed; UPDATE audit SET name = 'forged' WHERE name = 'two'");
    assert_eq!(check(&export(&app, &chain)), Err(Problem::Changed { line: 2, seq: 2 }));
    app.sqlite.run("DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE name = 'forged'");
    assert_eq!(check(&export(&app, &chain)), Err(Problem::Dropped { line: 2, from: 2, to: 2 }));
}
