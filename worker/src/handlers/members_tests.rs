use http::Method;
use patr_models::{
    auth::{Access, Permission},
    endpoint::body::NoBody,
    member::{get, list},
    page::ListQuery,
    role::BuiltIn,
    workspace::{leave, permissions},
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, named, pages, refusal};

fn who(name: &str) -> PersonRef {
    format!("{name}@example.com").parse().unwrap()
}

fn set(caller: &Caller<'_>, member: &str, roles: &[&str]) -> Outcome<Model> {
    let path = set_roles::Path { workspace: caller.workspace(), member: who(member) };
    let roles = roles.iter().map(|role| role.parse().unwrap()).collect();
    caller.call::<SetMemberRoles>(path, Json(set_roles::Body { roles })).map(|set| set.0)
}

fn remove(caller: &Caller<'_>, member: &str) -> Outcome<NoContent> {
    let path = remove::Path { workspace: caller.workspace(), member: who(member) };
    caller.call::<RemoveMember>(path, NoBody)
}

fn leave(caller: &Caller<'_>) -> Outcome<NoContent> {
    caller.call::<leave::LeaveWorkspace>(leave::Path { workspace: caller.workspace() }, NoBody)
}

fn roles(caller: &Caller<'_>, member: &str) -> Vec<String> {
    let path = get::Path { workspace: caller.workspace(), member: who(member) };
    let member = caller.get::<GetMember>(path).unwrap().0;
    member.roles.iter().map(|role| role.name.to_string()).collect()
}

/// A member with one built-in role.
fn member<'a>(owner: &Caller<'a>, name: &str, role: BuiltIn) -> Caller<'a> {
    let caller = owner.app().member(name, &Access::default()).in_workspace("acme");
    set(owner, name, &[role.as_str()]).unwrap();
    caller
}

#[test]
fn a_member_has_the_roles_that_were_given_last() {
    let app = App::new();
    let owner = app.owner("acme");
    let mia = member(&owner, "mia", BuiltIn::Viewer);
    assert_eq!(code(set(&mia, "mia", &["owner"])), "forbidden");
    set(&owner, "mia", &["viewer", "developer", "viewer"]).unwrap();
    assert_eq!(roles(&mia, "mia"), ["developer", "viewer"]);
    let before = app.audit().len();
    set(&owner, "mia", &["developer", "viewer"]).unwrap();
    assert_eq!(app.audit().len(), before, "nothing was changed");
    assert_eq!(code(set(&owner, "mia", &[])), "no_role");
    assert_eq!(code(set(&owner, "mia", &["pilot"])), "role_not_found");
    assert_eq!(code(set(&owner, "eve", &["viewer"])), "not_found");
}

#[test]
fn nobody_gives_or_takes_more_than_they_have() {
    let app = App::new();
    let owner = app.owner("acme");
    let admin = member(&owner, "ada", BuiltIn::Admin);
    member(&owner, "mia", BuiltIn::Viewer);
    let more = refusal(set(&admin, "mia", &["owner"]));
    assert_eq!(more.code, "more_than_yours");
    assert!(more.message.contains("`owner` allows `workspace:delete`"), "{}", more.message);
    assert_eq!(code(set(&admin, "owner-of-acme", &["viewer"])), "more_than_yours");
    assert_eq!(code(remove(&admin, "owner-of-acme")), "more_than_yours");
    assert_eq!(code(set(&admin, "mia", &["admin"])), "");
    assert_eq!(code(remove(&admin, "mia")), "");
}

#[test]
fn the_last_owner_stays() {
    let app = App::new();
    let owner = app.owner("acme");
    assert_eq!(code(leave(&owner)), "last_owner");
    assert_eq!(code(remove(&owner, "owner-of-acme")), "last_owner");
    assert_eq!(code(set(&owner, "owner-of-acme", &["admin"])), "last_owner");
    let mia = member(&owner, "mia", BuiltIn::Owner);
    leave(&owner).unwrap();
    assert_eq!(code(leave(&owner)), "not_found");
    assert_eq!(code(leave(&mia)), "last_owner");
}

/// Two owners who leave at once: the other one has gone between the look and the write.
#[test]
fn of_two_owners_who_leave_at_once_one_stays() {
    let app = App::new();
    let owner = app.owner("acme");
    let mia = member(&owner, "mia", BuiltIn::Owner);
    let gone = "DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE email LIKE 'owner-of%')";
    app.sqlite.meanwhile(gone);
    assert_eq!(code(leave(&mia)), "last_owner");
    assert_eq!(app.sqlite.rows("SELECT * FROM members").len(), 1);
}

#[test]
fn everybody_may_leave_and_no_token_may_for_them() {
    let app = App::new();
    let owner = app.owner("acme");
    let mia = member(&owner, "mia", BuiltIn::Viewer);
    let made = mia.raw(Method::POST, "/api/v1/tokens", r#"{"name":"ci"}"#);
    let made: patr_models::token::NewToken = serde_json::from_slice(made.body()).unwrap();
    assert_eq!(code(leave(&mia.with_token(made.secret))), "login_needed");
    leave(&mia).unwrap();
    let path = get::Path { workspace: owner.workspace(), member: who("mia") };
    assert_eq!(code(owner.get::<GetMember>(path)), "not_found");
}

#[test]
fn a_role_that_grows_while_it_is_given_is_looked_at_again() {
    let app = App::new();
    let owner = app.owner("acme");
    let admin = member(&owner, "ada", BuiltIn::Admin);
    member(&owner, "mia", BuiltIn::Viewer);
    owner.raw(Method::POST, "/api/v1/workspaces/acme/roles", r#"{"name":"ops","grants":[]}"#);
    app.sqlite.meanwhile(
        r#"UPDATE roles SET grants = '[{"permission":"workspace:delete"}]', generation = 2 WHERE name = 'ops'"#,
    );
    assert_eq!(code(set(&admin, "mia", &["ops"])), "more_than_yours");
}

#[test]
fn a_list_goes_on_page_by_page_and_filters_by_address() {
    let app = App::new();
    let owner = app.owner("acme");
    for name in ["ada", "bob", "eve"] {
        member(&owner, name, BuiltIn::Viewer);
    }
    app.owner("other");
    let path = list::Path { workspace: owner.workspace() };
    let list = |query: ListQuery| owner.list::<ListMembers, _>(path.clone(), query).unwrap();
    assert_eq!(pages(list, |member| member.email.to_string()).len(), 4);
    assert_eq!(list(named("bob")).items.len(), 1);
}

#[test]
fn a_caller_is_told_what_it_may_do() {
    let app = App::new();
    let owner = app.owner("acme");
    let mia = member(&owner, "mia", BuiltIn::Viewer);
    let path = permissions::Path { workspace: owner.workspace() };
    let mine = mia.get::<permissions::GetPermissions>(path.clone()).unwrap().0;
    assert_eq!(mine.roles[0].name.as_str(), "viewer");
    assert_eq!(mine.grants, BuiltIn::Viewer.access().grants());
    let all = owner.get::<permissions::GetPermissions>(path.clone()).unwrap().0;
    assert_eq!(all.grants.len(), Permission::ALL.len());
    let stranger = app.owner("other");
    assert_eq!(code(stranger.get::<permissions::GetPermissions>(path)), "not_found");
}
