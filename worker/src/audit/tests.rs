use http::Method;
use patr_models::{
    audit::verify::verify,
    auth::prefix,
    ids::{TokenId, UserId, WorkspaceId},
};

use super::*;
use crate::{
    db::{Statement, audit as db},
    testing::{App, Caller},
};

/// Nobody, so that a line needs no account.
struct Nobody;

impl Actor for Nobody {
    fn user(&self) -> Option<UserId> {
        None
    }
    fn token(&self) -> Option<TokenId> {
        None
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
}

fn write(app: &App, name: &str) -> Result<(), DbError> {
    futures_executor::block_on(app.ctx().write(&Nobody, Audited::new("Try", "", name), Vec::new()))
}

/// The chain of nobody, as an export has it.
fn lines(app: &App) -> Vec<String> {
    let rows: Vec<db::Row> =
        futures_executor::block_on(app.ctx().db.fetch(db::export(NONE, 0, 10_000))).unwrap();
    rows.into_iter().map(|row| AuditEntry::from(row).to_line()).collect()
}

fn names(app: &App) -> Vec<String> {
    let name =
        |line: &String| serde_json::from_str::<Value>(line).unwrap()["name"].as_str().unwrap().to_owned();
    lines(app).iter().map(name).collect()
}

/// What somebody else writes as the next line of nobody's chain.
fn by_another(app: &App, name: &str) -> String {
    let head = futures_executor::block_on(head(&app.ctx().db, NONE)).unwrap();
    let line = Line::new(&app.ctx(), &Nobody, Audited::new("Try", "", name)).unwrap().after(head);
    format!(
        "INSERT INTO audit (chain, seq, id, at, action, resource, name, outcome, request_id, prev, hash)
         VALUES ('none', {}, '{}', {}, 'Try', '', '{name}', 'done', '{}', '{}', '{}')",
        line.seq, line.id, line.at.0, line.request, line.prev, line.hash,
    )
}

fn is_good(app: &App) {
    let lines = lines(app);
    verify(lines.iter().map(String::as_str), None).unwrap();
}

#[test]
fn a_line_that_comes_second_follows_the_one_that_was_first() {
    let app = App::new();
    write(&app, "one").unwrap();
    app.sqlite.meanwhile(by_another(&app, "another-one"));
    write(&app, "two").unwrap();
    assert_eq!(names(&app), ["one", "another-one", "two"]);
    is_good(&app);
}

/// As when others are first each time, which D1 cannot be made to do on purpose.
#[test]
fn a_write_whose_line_is_always_second_gives_up_and_leaves_nothing() {
    let app = App::new();
    let owner = app.owner("acme");
    app.sqlite.run(
        "CREATE TRIGGER always BEFORE INSERT ON audit BEGIN
             SELECT RAISE(ABORT, 'UNIQUE constraint failed: audit.chain, audit.seq');
         END",
    );
    let before = app.sqlite.dump();
    let body = r#"{"name":"box","runtime":"docker"}"#;
    let answered = owner.raw(Method::POST, "/api/v1/workspaces/acme/runners", body);
    assert_eq!((answered.status(), answered.code().as_str()), (503, "busy"));
    assert_eq!(answered.header("retry-after"), Some("2"));
    assert_eq!(app.sqlite.dump(), before);
}

#[test]
fn a_write_that_came_second_keeps_its_idempotency_key() {
    let app = App::new();
    let owner = app.owner("acme");
    let workspace = owner.raw(Method::GET, "/api/v1/workspaces/acme", "");
    let id = serde_json::from_slice::<Value>(workspace.body()).unwrap()["id"].as_str().unwrap().to_owned();
    let send = || {
        let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
        let body = r#"{"name":"box","runtime":"docker"}"#;
        owner.with_headers(Method::POST, "/api/v1/workspaces/acme/runners", &headers, body)
    };
    app.sqlite.meanwhile(format!(
        "INSERT INTO audit (chain, seq, id, at, action, resource, name, outcome, request_id, prev, hash)
         VALUES ('{id}', 1, 'aud_00000000000000000000000001', 1, 'Try', '', 'first', 'done', 'req_00000000000000000000000001', '', 'a')"
    ));
    assert_eq!(send().status(), 201);
    assert_eq!(send().code(), "already_made");
    assert_eq!(app.sqlite.rows("SELECT id FROM runners").len(), 1);
}

#[test]
fn the_database_refuses_to_change_or_delete_a_line() {
    let app = App::new();
    write(&app, "one").unwrap();
    let refused = |sql: &'static str| {
        let error = app.sqlite.batch(&[Statement::new(sql, &[])]).unwrap_err();
        assert!(error.to_string().contains("the audit log only grows"), "{sql}: {error}");
    };
    refused("DELETE FROM audit WHERE chain = 'none'");
    for column in
        ["chain", "id", "user_id", "token_id", "session_id", "address", "agent", "action", "resource", "name"]
            .into_iter()
            .chain(["outcome", "code", "before_json", "after_json", "request_id", "prev", "hash"])
    {
        refused(format!("UPDATE audit SET {column} = 'done' WHERE chain = 'none'").leak());
    }
    refused("UPDATE audit SET seq = 7 WHERE chain = 'none'");
    refused("UPDATE audit SET at = 7 WHERE chain = 'none'");
    assert_eq!(names(&app), ["one"]);
}

/// As migration 0011 leaves them.
fn old_lines(app: &App, count: usize) {
    app.sqlite.run(&format!(
        "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < {count})
         INSERT INTO audit (chain, seq, id, at, action, resource, name, outcome, request_id, prev, hash)
             SELECT 'none', n, 'aud_' || printf('%026d', n), 1, 'Try', '', 'old', 'done', 'req_00000000000000000000000001', '', ''
             FROM n"
    ));
}

#[test]
fn lines_of_before_there_were_hashes_are_sealed_before_the_first_that_follows() {
    let app = App::new();
    old_lines(&app, 2 * seal::AT_ONCE + 1);
    write(&app, "new").unwrap();
    assert_eq!(lines(&app).len(), 2 * seal::AT_ONCE + 2);
    is_good(&app);
    assert_eq!(app.sqlite.rows("SELECT seq FROM audit WHERE hash = ''").len(), 0);
}

#[test]
fn lines_of_before_there_were_hashes_are_sealed_by_the_sweep_where_nobody_writes() {
    let app = App::new();
    old_lines(&app, 3);
    app.sweep();
    is_good(&app);
}

#[test]
fn what_is_older_than_the_installation_keeps_goes_and_leaves_a_line_that_says_so() {
    let mut app = App::new();
    let day = std::time::Duration::from_secs(24 * 3600);
    app.settings.audit_kept = Some(10 * day);
    let owner = app.owner("acme");
    owner.runner("one");
    owner.runner("two");
    app.pass(6 * day);
    owner.runner("three");
    app.sweep();
    let count = || app.sqlite.rows("SELECT name FROM audit WHERE chain LIKE 'ws_%'").len();
    assert_eq!(count(), 3);
    app.pass(6 * day);
    app.sweep();
    let left = app.sqlite.rows("SELECT name, action FROM audit WHERE chain LIKE 'ws_%' ORDER BY seq");
    assert_eq!(
        left,
        [r#"{"action":"CreateRunner","name":"three"}"#, r#"{"action":"ForgetAudit","name":""}"#]
    );
    app.sweep();
    assert_eq!(count(), 2, "once is enough");
    let chain = app.sqlite.rows("SELECT chain FROM audit WHERE action = 'ForgetAudit' AND chain LIKE 'ws_%'");
    let chain = serde_json::from_str::<Value>(&chain[0]).unwrap()["chain"].as_str().unwrap().to_owned();
    let rows: Vec<db::Row> =
        futures_executor::block_on(app.ctx().db.fetch(db::export(&chain, 0, 10))).unwrap();
    let lines: Vec<String> = rows.into_iter().map(|row| AuditEntry::from(row).to_line()).collect();
    assert_eq!(verify(lines.iter().map(String::as_str), None).unwrap().first, 3);
}

/// Who is refused, and what the log of the workspace and of their own account then says.
fn refusals(app: &App, caller: &Caller<'_>, path: &str) -> Vec<String> {
    assert!(matches!(caller.raw(Method::DELETE, path, "").status(), 401 | 403 | 404));
    app.sqlite.rows(
        "SELECT substr(chain, 1, 3) AS chain, action, resource, code, user_id IS NOT NULL AS known
         FROM audit WHERE outcome = 'refused'",
    )
}

#[test]
fn a_denied_write_is_written_down_where_its_caller_belongs() {
    let path = "/api/v1/workspaces/acme/runners/nothing";
    let line = |chain: &str, code: &str| {
        format!(
            r#"{{"action":"DeleteRunner","chain":"{chain}","code":"{code}","known":1,"resource":"nothing"}}"#
        )
    };
    let app = App::new();
    let owner = app.owner("acme");
    assert_eq!(refusals(&app, &owner, path), [line("ws_", "not_found")]);
    let app = App::new();
    app.owner("acme");
    assert_eq!(
        refusals(&app, &app.person("eve"), path),
        [line("usr", "not_found")],
        "not into another-one log"
    );
    let app = App::new();
    app.owner("acme");
    assert_eq!(refusals(&app, &app.anonymous(), path), [""; 0], "nobody who is known");
    let forged = app.anonymous().with_token(format!("{}{}", prefix::SESSION, "A".repeat(43)));
    assert_eq!(refusals(&app, &forged, path), [""; 0]);
}

#[test]
fn reading_what_is_not_there_is_no_denied_write() {
    let app = App::new();
    let owner = app.owner("acme");
    assert_eq!(owner.raw(Method::GET, "/api/v1/workspaces/acme/runners/nothing", "").status(), 404);
    assert_eq!(app.refusals(), [""; 0]);
    assert_eq!(
        owner.raw(Method::GET, "/api/v1/workspaces/acme/deployments/nothing/exec?command=sh", "").status(),
        404
    );
    assert_eq!(app.refusals(), ["ExecInDeployment"]);
}

#[test]
fn only_what_stays_the_same_is_left_out_and_what_is_long_is_kept_as_its_hash() {
    let changes = Changes::default().changing("replicas", &1_u32, &2).changing("running", &true, &true);
    assert_eq!(bounded(changes.before), Some(json!({ "replicas": 1 })));
    assert_eq!(bounded(changes.after), Some(json!({ "replicas": 2 })));
    assert_eq!(bounded(Changes::default().before), None);
    let long = Changes::default().with("days", &vec![7_u32; VALUE_MAX]);
    let kept = bounded(long.after).unwrap();
    assert_eq!(kept["omitted"]["bytes"], json!(2 * VALUE_MAX + 10));
    assert_eq!(kept["omitted"]["sha256"].as_str().unwrap().len(), 64);
}
