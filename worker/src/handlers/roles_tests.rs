use http::Method;
use patr_models::{
    auth::{Grant, Permission, Scope},
    endpoint::{
        body::NoBody,
        headers::{ETag, IfMatch},
    },
    role::{get, list},
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, named, pages, refusal};

fn make(caller: &Caller<'_>, name: &str, grants: Vec<Grant>) -> Outcome<Role> {
    let path = create::Path { workspace: caller.workspace() };
    let body = Json(create::Body { name: name.parse().unwrap(), grants });
    caller.create::<CreateRole>(path, body).map(|made| made.0)
}

fn change(caller: &Caller<'_>, name: &str, body: update::Body) -> Outcome<Role> {
    let path = update::Path { workspace: caller.workspace(), role: name.parse().unwrap() };
    caller.change::<UpdateRole>(path, Json(body)).map(|changed| changed.0)
}

fn delete(caller: &Caller<'_>, name: &str) -> Outcome<NoContent> {
    let path = delete::Path { workspace: caller.workspace(), role: name.parse().unwrap() };
    caller.change::<DeleteRole>(path, NoBody)
}

fn grants(permissions: &[Permission]) -> Vec<Grant> {
    permissions.iter().copied().map(Grant::all).collect()
}

#[test]
fn a_role_is_made_shown_changed_and_deleted() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = make(&owner, "ops", grants(&[Permission::SiteView, Permission::SiteView])).unwrap();
    assert_eq!(made.grants, grants(&[Permission::SiteView]));
    let body = update::Body { name: Some("on-call".parse().unwrap()), grants: None };
    let changed = change(&owner, &made.role.id.unwrap().to_string(), body).unwrap();
    assert_eq!((changed.role.name.as_str(), changed.grants), ("on-call", made.grants));
    let path = get::Path { workspace: owner.workspace(), role: "on-call".parse().unwrap() };
    assert_eq!(owner.get::<GetRole>(path.clone()).unwrap().0.role.id, made.role.id);
    delete(&owner, "on-call").unwrap();
    assert_eq!(code(owner.get::<GetRole>(path)), "not_found");
}

#[test]
fn a_change_of_a_role_counts_with_the_next_request() {
    let app = App::new();
    let owner = app.owner("acme");
    let mia = app.member("mia", &grants(&[Permission::SiteView]).into_iter().collect());
    let sees = || mia.raw(Method::GET, "/api/v1/workspaces/acme/sites", "").code();
    assert_eq!(sees(), "");
    change(&owner, "mia", update::Body { name: None, grants: Some(Vec::new()) }).unwrap();
    assert_eq!(sees(), "forbidden");
}

#[test]
fn built_in_roles_are_there_first_and_nobody_changes_them() {
    let app = App::new();
    let owner = app.owner("acme");
    make(&owner, "ops", Vec::new()).unwrap();
    let path = list::Path { workspace: owner.workspace() };
    let list = |query| owner.list::<ListRoles, _>(path.clone(), query).unwrap();
    let names = pages(list, |role| role.role.name.to_string());
    assert_eq!(names, ["owner", "admin", "developer", "viewer", "ops"]);
    assert_eq!(list(named("op")).items.len(), 2);
    let nothing = update::Body { name: None, grants: Some(Vec::new()) };
    assert_eq!(code(change(&owner, "owner", nothing)), "role_is_built_in");
    assert_eq!(code(delete(&owner, "viewer")), "role_is_built_in");
    assert_eq!(code(make(&owner, "admin", Vec::new())), "name_taken");
    let renamed = update::Body { name: Some("viewer".parse().unwrap()), grants: None };
    assert_eq!(code(change(&owner, "ops", renamed)), "name_taken");
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let app = App::new();
    let owner = app.owner("acme");
    let path = "/api/v1/workspaces/acme/roles?cursor=run_00000000000000000000000000";
    assert_eq!(owner.raw(Method::GET, path, "").code(), "invalid_request");
}

#[test]
fn nobody_makes_or_changes_a_role_that_allows_more_than_they_may() {
    let app = App::new();
    let owner = app.owner("acme");
    let (create, edit, view) = (Permission::RoleCreate, Permission::RoleEdit, Permission::SiteView);
    let mut access: Access = grants(&[create, edit]).into_iter().collect();
    access.extend([Grant { permission: view, resources: Scope::Only([SITE.to_owned()].into()) }]);
    let mia = app.member("mia", &access).in_workspace("acme");
    let more = refusal(make(&mia, "more", grants(&[view])));
    assert_eq!(more.code, "more_than_yours");
    assert!(more.message.contains("`site:view`"), "{}", more.message);
    let narrow = Grant { permission: view, resources: Scope::Only([SITE.to_owned()].into()) };
    make(&mia, "narrow", vec![narrow]).unwrap();
    let wide = update::Body { name: None, grants: Some(grants(&[view])) };
    assert_eq!(code(change(&mia, "narrow", wide)), "more_than_yours");
    make(&owner, "wide", grants(&[view])).unwrap();
    let nothing = update::Body { name: None, grants: Some(Vec::new()) };
    assert_eq!(code(change(&mia, "wide", nothing)), "more_than_yours");
}

const SITE: &str = "site_00000000000000000000000000";

#[test]
fn a_scope_that_makes_no_sense_is_refused_with_its_reason() {
    let app = App::new();
    let owner = app.owner("acme");
    let only = |permission, id: &str| Grant { permission, resources: Scope::Only([id.to_owned()].into()) };
    let refused = refusal(make(&owner, "ops", vec![only(Permission::SiteView, "docs")]));
    assert_eq!(refused.code, "grant_invalid");
    assert!(refused.message.contains("`docs` is no site") && refused.message.contains("expected an id"));
    assert_eq!(code(make(&owner, "ops", vec![only(Permission::MemberView, SITE)])), "grant_invalid");
}

#[test]
fn a_role_that_something_has_stays() {
    let app = App::new();
    let owner = app.owner("acme");
    app.member("mia", &Access::default());
    let refused = refusal(delete(&owner, "mia"));
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("role_in_use", "the member `mia@example.com` still has the role")
    );
    make(&owner, "ops", Vec::new()).unwrap();
    let invite = r#"{"roles":["ops"],"email":"eve@example.com"}"#;
    assert_eq!(owner.raw(Method::POST, "/api/v1/workspaces/acme/invitations", invite).code(), "");
    assert!(refusal(delete(&owner, "ops")).message.contains("the invitation of `eve@example.com`"));
    make(&owner, "jobs", Vec::new()).unwrap();
    app.sqlite.run(
        "INSERT INTO federations SELECT 'fed_1', m.workspace_id, 'ci', 'https://ci.example.com', 'patr', '{}', m.user_id, 0
         FROM members m LIMIT 1;
         INSERT INTO federation_roles (federation_id, role) SELECT 'fed_1', id FROM roles WHERE name = 'jobs';",
    );
    assert!(refusal(delete(&owner, "jobs")).message.contains("the federation `ci`"));
    make(&owner, "late", Vec::new()).unwrap();
    app.sqlite.meanwhile("INSERT INTO member_roles (workspace_id, user_id, role) SELECT m.workspace_id, m.user_id, r.id FROM members m, roles r WHERE r.name = 'late' LIMIT 1");
    assert_eq!(code(delete(&owner, "late")), "role_in_use");
}

#[test]
fn a_role_that_somebody_else_has_changed_is_changed_by_nobody_who_did_not_see_that() {
    let app = App::new();
    let owner = app.owner("acme");
    make(&owner, "ops", Vec::new()).unwrap();
    let path = update::Path { workspace: owner.workspace(), role: "ops".parse().unwrap() };
    let body = || Json(update::Body { name: None, grants: Some(grants(&[Permission::SiteView])) });
    owner.change_at::<UpdateRole>(1, path.clone(), body()).unwrap();
    assert_eq!(code(owner.change_at::<UpdateRole>(1, path, body())), "stale");
    let headers = IfMatch { if_match: Some(ETag::of(1)), key: None };
    let path = delete::Path { workspace: owner.workspace(), role: "ops".parse().unwrap() };
    let call = Call::<DeleteRole> { path, query: patr_models::endpoint::NoQuery {}, headers, body: NoBody };
    assert_eq!(code(owner.send(call)), "stale");
}
