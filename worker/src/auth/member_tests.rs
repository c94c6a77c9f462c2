use http::Method;
use patr_models::auth::Grant;

use super::*;
use crate::testing::{Answered, App, Caller, redirect};

fn only(permission: Permission, id: &impl ToString) -> Grant {
    Grant { permission, resources: Scope::Only([id.to_string()].into()) }
}

fn access(grants: impl IntoIterator<Item = Grant>) -> Access {
    grants.into_iter().collect()
}

fn deploy(caller: &Caller<'_>, name: &str, spec: &str) -> Answered {
    let body = format!(r#"{{"name":"{name}","runners":[{{"runner":"box"}}],"spec":{{"image":"a",{spec}}}}}"#);
    caller.raw(Method::POST, "/api/v1/workspaces/acme/deployments", body)
}

#[test]
fn several_roles_add_up_and_a_lost_one_counts_with_the_next_request() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    owner.deploy("web", "box");
    let mia = app.member("mia", &access([Grant::all(Permission::DeploymentEdit)]));
    app.sqlite.run(
        "INSERT INTO member_roles (workspace_id, user_id, role) SELECT workspace_id, user_id, 'viewer' FROM members
         WHERE user_id = (SELECT id FROM users WHERE email = 'mia@example.com')",
    );
    let restarts = || mia.raw(Method::POST, "/api/v1/workspaces/acme/deployments/web/restart", "").code();
    let sees = || mia.raw(Method::GET, "/api/v1/workspaces/acme/deployments/web", "").code();
    assert_eq!((restarts(), sees()), (String::new(), String::new()));
    app.sqlite.run("DELETE FROM member_roles WHERE role_id IS NOT NULL");
    assert_eq!((restarts(), sees()), ("forbidden".to_owned(), String::new()));
}

#[test]
fn a_refusal_says_what_is_missing_where_and_who_can_help() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    let (web, db) = (owner.deploy("web", "box").id, owner.deploy("db", "box").id);
    let grants = [only(Permission::DeploymentEdit, &web), only(Permission::DeploymentView, &db)];
    let mia = app.member("mia", &access(grants));
    let restart = |name: &str| {
        mia.raw(Method::POST, &format!("/api/v1/workspaces/acme/deployments/{name}/restart"), "").error()
    };
    assert_eq!(restart("db").message, "this needs the permission `deployment:edit` for the deployment `db`");
    assert_eq!(restart("gone").message, "there is no deployment `gone` here");
    let runners = mia.raw(Method::GET, "/api/v1/workspaces/acme/runners", "").error();
    assert_eq!(runners.message, "this needs the permission `runner:view` in the workspace `acme`");
    assert!(runners.hint.unwrap().contains("owner"));
}

#[test]
fn a_resource_is_the_same_by_name_and_by_id() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    let (web, db) = (owner.deploy("web", "box").id, owner.deploy("db", "box").id);
    let mia = app.member("mia", &access([only(Permission::DeploymentView, &web)]));
    let get =
        |name: &str| mia.raw(Method::GET, &format!("/api/v1/workspaces/acme/deployments/{name}"), "").code();
    assert_eq!((get("web"), get(&web.to_string())), (String::new(), String::new()));
    assert_eq!((get("db"), get(&db.to_string())), ("not_found".to_owned(), "not_found".to_owned()));
}

#[test]
fn a_deployment_names_only_what_its_maker_may_see() {
    let app = App::new();
    let owner = app.owner("acme");
    let runner = owner.runner("box").runner.id;
    owner.secret("key", "value").unwrap();
    let data = owner.volume("data", "box", false).unwrap().id;
    let uses = r#""secrets":{"KEY":{"secret":"key"}}"#;
    let mounts = r#""volumes":{"/data":{"volume":"data"}}"#;
    let base = [Grant::all(Permission::DeploymentCreate), only(Permission::RunnerView, &runner)];
    let with = |name: &str, more: &[Grant]| app.member(name, &access(base.iter().chain(more).cloned()));

    let blind = app.member("blind", &access([Grant::all(Permission::DeploymentCreate)]));
    assert_eq!(deploy(&blind, "a", r#""env":{}"#).code(), "runner_not_found");
    let plain = with("plain", &[]);
    assert_eq!(deploy(&plain, "a", r#""env":{}"#).code(), "");
    assert_eq!(deploy(&plain, "b", uses).code(), "secret_not_found");
    assert_eq!(deploy(&plain, "b", mounts).code(), "not_found");
    let seeing = with("seeing", &[only(Permission::SecretView, &"key"), only(Permission::VolumeView, &data)]);
    assert_eq!(
        (deploy(&seeing, "b", uses).code(), deploy(&seeing, "c", mounts).code()),
        (String::new(), String::new())
    );
    let new = r#""volumes":{"/data":{"volume":"new"}}"#;
    let refused = deploy(&seeing, "d", new).error();
    assert_eq!(refused.message, "this needs the permission `volume:create` in the workspace `acme`");
    assert_eq!(deploy(&with("making", &[Grant::all(Permission::VolumeCreate)]), "d", new).code(), "");
}

#[test]
fn a_managed_url_leads_only_where_its_maker_may_look() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    let (web, _) = (owner.deploy("web", "box").id, owner.deploy("db", "box"));
    let site = owner.raw(Method::POST, "/api/v1/workspaces/acme/sites", r#"{"name":"docs"}"#);
    assert_eq!(site.code(), "");
    let mia = app
        .member("mia", &access([Grant::all(Permission::UrlCreate), only(Permission::DeploymentView, &web)]));
    let add = |host: &str, target: &str| {
        let body = format!(r#"{{"host":"{host}.apps.example","target":{target}}}"#);
        mia.raw(Method::POST, "/api/v1/workspaces/acme/urls", body).code()
    };
    assert_eq!(add("one", r#"{"kind":"deployment","deployment":"web"}"#), "");
    assert_eq!(add("two", r#"{"kind":"deployment","deployment":"db"}"#), "target_not_found");
    assert_eq!(add("two", r#"{"kind":"site","site":"docs"}"#), "target_not_found");
}

#[test]
fn a_copy_of_a_volume_needs_what_reading_it_needs() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    let data = owner.volume("data", "box", false).unwrap().id;
    let base = [Grant::all(Permission::VolumeCreate), Grant::all(Permission::RunnerView)];
    let copy = |name: &str, more: &[Grant]| {
        let caller = app.member(name, &access(base.iter().chain(more).cloned()));
        caller.raw(Method::POST, "/api/v1/workspaces/acme/volumes/data/copy", r#"{"name":"copy"}"#).code()
    };
    assert_eq!(copy("blind", &[]), "not_found");
    assert_eq!(copy("seeing", &[only(Permission::VolumeView, &data)]), "forbidden");
    assert_eq!(copy("reading", &[only(Permission::VolumeRead, &data)]), "runner_away");
}

#[test]
fn what_would_answer_at_an_address_is_said_of_what_may_be_seen() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    owner.deploy("web", "box");
    let shop = owner.url("shop.apps.example", redirect()).unwrap().id;
    let mia = app.member("mia", &access([only(Permission::UrlView, &shop)]));
    let test = |host: &str| {
        let path = format!("/api/v1/workspaces/acme/url-test?url=https://{host}.apps.example/");
        String::from_utf8(mia.raw(Method::GET, &path, "").body().to_vec()).unwrap()
    };
    assert!(test("shop").contains("a redirect would answer"));
    assert!(test("web-acme").contains("not yours to see") && !test("web-acme").contains("url_"));
    let eve = app.member("eve", &access([Grant::all(Permission::UrlView)]));
    let path = "/api/v1/workspaces/acme/url-test?url=https://web-acme.apps.example/";
    let said = String::from_utf8(eve.raw(Method::GET, path, "").body().to_vec()).unwrap();
    assert!(said.contains("port 80 of the deployment `web`") && !said.contains("box"), "{said}");
}

#[test]
fn a_scope_of_what_has_none_opens_nothing() {
    let app = App::new();
    app.owner("acme");
    let mia = app.member("mia", &access([only(Permission::WorkspaceEdit, &"ws_00000000000000000000000000")]));
    let renamed = mia.raw(Method::PATCH, "/api/v1/workspaces/acme", r#"{"name":"mine"}"#);
    assert_eq!(renamed.code(), "forbidden");
}
