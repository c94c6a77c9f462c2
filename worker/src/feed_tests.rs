use http::Method;
use patr_models::{auth::Permission, role::BuiltIn};

use super::*;
use crate::testing::{App, Caller};

/// What the feeds are told of a call that succeeds.
fn told(caller: &Caller<'_>, method: Method, path: &str, body: &str) -> Vec<(WorkspaceId, Announcement)> {
    caller.app().objects.take_announced();
    let answered = caller.raw(method, path, body.to_owned());
    assert_eq!(answered.code(), "", "{path}");
    caller.app().objects.take_announced()
}

fn id(app: &App, sql: &str) -> String {
    let row: serde_json::Value = serde_json::from_str(&app.sqlite.rows(sql)[0]).unwrap();
    row["id"].as_str().unwrap().to_owned()
}

fn workspace(app: &App, name: &str) -> WorkspaceId {
    id(app, &format!("SELECT id FROM workspaces WHERE name = '{name}'")).parse().unwrap()
}

fn user(app: &App, name: &str) -> UserId {
    id(app, &format!("SELECT id FROM users WHERE email = '{name}@example.com'")).parse().unwrap()
}

const WEB: &str = "/api/v1/workspaces/acme/deployments/web";

#[test]
fn a_write_tells_the_feed_of_its_workspace_what_to_read_again() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    let web = owner.deploy("web", "box").id;
    let changed = [
        Changed::one(ResourceType::Deployment, web),
        Changed::any(ResourceType::Url),
        Changed::any(ResourceType::Audit),
    ];
    let announcement = Announcement { changed: changed.into(), parted: None };
    let scaled = told(&owner, Method::POST, &format!("{WEB}/scale"), r#"{"replicas":2}"#);
    assert_eq!(scaled, [(workspace(&app, "acme"), announcement)]);
}

#[test]
fn a_secret_is_named_as_scopes_know_it_and_a_snapshot_by_its_volume() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    let volume = owner.volume("data", "box", false).unwrap().id;
    let path = "/api/v1/workspaces/acme/secrets/db";
    let set = &told(&owner, Method::PUT, path, r#"{"value":{"text":"hunter2"}}"#)[0].1;
    assert!(set.changed.contains(&Changed::one(ResourceType::Secret, "db")), "{set:?}");
    assert!(!serde_json::to_string(set).unwrap().contains("hunter2"));
    let path = "/api/v1/workspaces/acme/volumes/data/snapshots";
    let made = &told(&owner, Method::POST, path, "")[0].1;
    assert!(made.changed.contains(&Changed::one(ResourceType::Volume, volume)), "{made:?}");
}

#[test]
fn what_was_refused_or_only_read_changes_nothing() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    owner.deploy("web", "box");
    let viewer = app.member("viewer", &BuiltIn::Viewer.access());
    app.objects.take_announced();
    owner.raw(Method::GET, WEB, "");
    assert_eq!(app.objects.take_announced(), []);
    assert_eq!(viewer.raw(Method::DELETE, WEB, "").code(), "forbidden");
    let only_the_line = Announcement { changed: [Changed::any(ResourceType::Audit)].into(), parted: None };
    assert_eq!(app.objects.take_announced(), [(workspace(&app, "acme"), only_the_line)]);
}

#[test]
fn a_feed_that_does_not_answer_fails_no_request() {
    let app = App::new();
    let owner = app.owner("acme");
    app.objects.fail(1);
    let path = "/api/v1/workspaces/acme/runners";
    let made = owner.raw(Method::POST, path, r#"{"name":"box","runtime":"docker"}"#);
    assert_eq!(made.status(), 201);
    assert_eq!(app.objects.take_announced(), []);
}

#[test]
fn who_gets_other_roles_or_is_removed_is_parted_and_it_is_said_until_it_is_heard() {
    let app = App::new();
    let owner = app.owner("acme");
    app.member("ada", &BuiltIn::Viewer.access());
    let ada = Some(Parted::User(user(&app, "ada")));
    let path = "/api/v1/workspaces/acme/members/ada@example.com";
    let given = told(&owner, Method::PUT, &format!("{path}/roles"), r#"{"roles":["viewer"]}"#);
    assert_eq!(given[0].1.parted, ada);
    app.objects.take_announced();
    app.objects.fail(2);
    assert_eq!(owner.raw(Method::DELETE, path, "").code(), "");
    let removed = app.objects.take_announced();
    assert_eq!((removed.len(), removed[0].1.parted), (1, ada));
}

#[test]
fn when_a_role_changes_everybody_comes_back() {
    let app = App::new();
    let owner = app.owner("acme");
    app.member("ada", &BuiltIn::Viewer.access());
    let body = r#"{"grants":[{"permission":"site:view"}]}"#;
    let updated = told(&owner, Method::PATCH, "/api/v1/workspaces/acme/roles/ada", body);
    assert_eq!(updated[0].1.parted, Some(Parted::Everybody));
}

#[test]
fn who_logs_out_is_parted_in_each_of_its_workspaces_and_nowhere_else() {
    let app = App::new();
    for name in ["one", "two"] {
        app.owner(name);
    }
    let view = [patr_models::auth::Grant::all(Permission::WorkspaceView)].into_iter().collect();
    let ada = app.member("ada", &view);
    app.owner("three");
    let told = told(&ada, Method::POST, "/api/v1/log-out", "");
    let at: BTreeSet<WorkspaceId> = told.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [workspace(&app, "one"), workspace(&app, "two")].into());
    let parted = Announcement { parted: Some(Parted::User(user(&app, "ada"))), ..Announcement::default() };
    assert!(told.iter().all(|(_, announcement)| *announcement == parted), "{told:?}");
}

#[test]
fn who_deletes_its_account_is_parted_from_where_it_was_a_member() {
    let app = App::new();
    app.owner("acme");
    let ada = app.member("ada", &BuiltIn::Viewer.access());
    let id = user(&app, "ada");
    let told = told(&ada, Method::DELETE, "/api/v1/me", "");
    let announcement = Announcement {
        changed: [Changed::one(ResourceType::Member, id)].into(),
        parted: Some(Parted::User(id)),
    };
    assert_eq!(told, [(workspace(&app, "acme"), announcement)]);
}

/// Every endpoint whose permission is about something says so: one that is added is heard without more.
#[test]
fn every_write_in_a_workspace_names_what_it_is_about() {
    for route in Route::ALL.iter().copied().filter(|route| route.method() != Method::GET) {
        let Some(permission) = route.permission() else { continue };
        let write = Write { action: route.name(), resource: "it", refused: false };
        let about = Changed::one(permission.resource_type(), "it");
        assert!(in_workspace(write).changed.contains(&about), "{}", route.name());
    }
}
