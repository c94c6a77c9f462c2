//! A write leaves its line, and is refused when it is about nothing or about what has changed.

use patr_models::routes::Route;

use super::installation::{Installation, query, takes, writes};
use crate::testing::App;

#[test]
fn every_write_leaves_one_line_in_the_audit_log() {
    for route in writes() {
        let app = App::new();
        let installation = Installation::new(&app);
        let before = app.audit().len();
        installation.send(route, &[]);
        assert_eq!(app.audit()[before..], [route.name()], "{}", route.name());
    }
}

#[test]
fn a_line_says_who_when_where_and_what() {
    let app = App::new();
    let installation = Installation::new(&app);
    let answered = installation.send(Route::ScaleDeployment, &[]);
    let line = app.sqlite.rows(
        "SELECT u.email, w.name AS workspace, a.token_id, a.action, d.name AS resource, a.name, a.request_id, a.at
         FROM audit a JOIN users u ON u.id = a.user_id JOIN workspaces w ON w.id = a.chain
         JOIN deployments d ON d.id = a.resource ORDER BY a.rowid DESC LIMIT 1",
    );
    let line: serde_json::Value = serde_json::from_str(&line[0]).unwrap();
    let expected = serde_json::json!({
        "email": "owner-of-acme@example.com", "workspace": "acme", "token_id": null,
        "action": "ScaleDeployment", "resource": "web", "name": "web",
        "request_id": answered.header("patr-request-id"), "at": app.now.get().0,
    });
    assert_eq!(line, expected);
}

#[test]
fn what_is_not_there_answers_not_found_and_nothing_is_written() {
    let app = App::new();
    let installation = Installation::new(&app);
    // What sets a secret makes it.
    let named = |route: &Route| {
        installation.path(*route, true) != installation.path(*route, false) && *route != Route::SetSecret
    };
    for route in Route::ALL.iter().copied().filter(named) {
        let before = app.sqlite.dump();
        let body = r#"{"name":"renamed","replicas":1,"spec":{"image":"a"}}"#;
        let body = match route {
            Route::RenameRunner | Route::UpdateRole => r#"{"name":"renamed"}"#,
            Route::SetMemberRoles => r#"{"roles":["viewer"]}"#,
            Route::ScaleDeployment => r#"{"replicas":1}"#,
            Route::UpdateDeployment => r#"{"spec":{"image":"a"}}"#,
            Route::UpdateUrl => r#"{"target":{"kind":"redirect","url":"https://example.net/"}}"#,
            Route::MissingPacks => r#"{"packs":[]}"#,
            Route::SetSiteAccess => r#"{"kind":"members"}"#,
            Route::CopyVolume => r#"{"name":"new"}"#,
            Route::RestoreVolume => r#"{"snapshot":"snap_00000000000000000000000000"}"#,
            Route::PutPack | Route::CreateVersion => body,
            Route::RollBackDeployment | Route::RollBackSite | Route::RotateToken => "{}",
            _ => "",
        };
        let path = installation.path(route, true) + query(route);
        let answered = installation.owner.raw(route.method(), &path, body);
        let error = answered.error();
        assert_eq!((answered.status(), error.code.as_str()), (404, "not_found"), "{}", route.name());
        assert!(
            ["nothing", "url_0000", "inv_0000", "authz_0000"].iter().any(|name| error.message.contains(name)),
            "{}",
            error.message
        );
        assert_eq!(app.sqlite.dump(), before, "{}", route.name());
        let denied = if route.method() == http::Method::GET && !acts(route) { 0 } else { 1 };
        assert_eq!(
            app.refusals().iter().filter(|action| **action == route.name()).count(),
            denied,
            "{}",
            route.name()
        );
    }
}

/// Whether a route lets its caller do something although it is a `GET`.
fn acts(route: Route) -> bool {
    matches!(route, Route::ExecInDeployment | Route::ConnectToDeployment)
}

#[test]
fn a_stale_if_match_is_told_the_etag_of_now_and_changes_nothing() {
    for route in writes().filter(|route| takes(*route, "if-match")) {
        let app = App::new();
        let installation = Installation::new(&app);
        let before = app.sqlite.dump();
        let answered = installation.send(route, &[("if-match", "\"77\"")]);
        let error = answered.error();
        assert_eq!((answered.status(), error.code.as_str()), (412, "stale"), "{}", route.name());
        assert!(
            error.message.contains("its ETag is now \"1\"") || error.message.contains("now \"2\""),
            "{}",
            error.message
        );
        assert_eq!(app.sqlite.dump(), before, "{}", route.name());
    }
}

/// Somebody else changes the resource between its being read and being written.
#[test]
fn a_change_in_between_is_stale_for_who_named_an_etag_and_decided_anew_for_who_did_not() {
    for route in writes().filter(|route| takes(*route, "if-match")) {
        let with = |headers: &[(&str, &str)]| {
            let app = App::new();
            let installation = Installation::new(&app);
            app.sqlite.meanwhile(
                "UPDATE deployments SET generation = generation + 1; UPDATE managed_urls SET generation = generation + 1;
                 UPDATE roles SET generation = generation + 1",
            );
            let answered = installation.send(route, headers);
            (answered.code(), app.audit().iter().filter(|action| **action == route.name()).count())
        };
        let first =
            matches!(route, Route::UpdateUrl | Route::DeleteUrl | Route::UpdateRole | Route::DeleteRole);
        let current = if first { "\"1\"" } else { "\"2\"" };
        let before = usize::from(route == Route::UpdateDeployment);
        assert_eq!(with(&[("if-match", current)]), ("stale".to_owned(), before), "{}", route.name());
        assert_eq!(with(&[]), (String::new(), before + 1), "{}", route.name());
    }
}

/// Somebody else deletes the resource between its being read and being written.
#[test]
fn what_was_deleted_in_between_is_not_found_and_leaves_no_line() {
    let gone = [
        (
            Route::RenameRunner,
            "UPDATE placements SET runner_id = (SELECT id FROM runners WHERE name = 'spare'); UPDATE volumes SET runner_id = (SELECT id FROM runners WHERE name = 'spare'); DELETE FROM runners WHERE name = 'box'",
        ),
        (
            Route::RotateRunnerToken,
            "UPDATE placements SET runner_id = (SELECT id FROM runners WHERE name = 'spare'); UPDATE volumes SET runner_id = (SELECT id FROM runners WHERE name = 'spare'); DELETE FROM runners WHERE name = 'box'",
        ),
        (Route::DeleteRunner, "DELETE FROM runners WHERE name = 'spare'"),
        (Route::DeleteWorkspace, "DELETE FROM workspaces WHERE name = 'empty'"),
        (Route::SetMemberRoles, "DELETE FROM members WHERE user_id <> (SELECT user_id FROM audit LIMIT 1)"),
        (Route::RemoveMember, "DELETE FROM members WHERE user_id <> (SELECT user_id FROM audit LIMIT 1)"),
        (Route::UpdateRole, "DELETE FROM roles"),
        (Route::DeleteRole, "DELETE FROM roles"),
        (Route::RevokeInvitation, "DELETE FROM invitations"),
        (Route::RevokeToken, "DELETE FROM tokens WHERE name = 'ci'"),
        (Route::DeleteFederation, "DELETE FROM federations"),
        (Route::DeleteClient, "DELETE FROM oauth_clients"),
        (Route::RevokeAuthorization, "DELETE FROM oauth_authorizations"),
        (Route::RotateToken, "DELETE FROM tokens WHERE name = 'ci'"),
        (Route::UpdateUrl, "DELETE FROM managed_urls WHERE automatic = 0"),
        (Route::DeleteUrl, "DELETE FROM managed_urls WHERE automatic = 0"),
        (
            Route::UpdateDeployment,
            "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments",
        ),
        (
            Route::ScaleDeployment,
            "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments",
        ),
        (
            Route::RestartDeployment,
            "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments",
        ),
        (
            Route::StopDeployment,
            "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments",
        ),
        (
            Route::RollBackDeployment,
            "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments",
        ),
        (Route::CancelRollout, "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments"),
        (Route::DeleteSecret, "UPDATE secrets SET deleted_at = 1"),
        (Route::DeleteVolume, "DELETE FROM volumes"),
        (Route::CreateSnapshot, "DELETE FROM volumes"),
        (Route::DeleteSnapshot, "DELETE FROM volume_snapshots"),
        (
            Route::DeleteDeployment,
            "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments",
        ),
    ];
    for (route, sql) in gone {
        let app = App::new();
        let installation = Installation::new(&app);
        let before = app.audit();
        app.sqlite.meanwhile(sql);
        assert_eq!(installation.send(route, &[]).code(), "not_found", "{}", route.name());
        assert_eq!(app.audit(), before, "{}", route.name());
    }
}
