use http::Method;
use patr_models::{
    auth::Grant,
    endpoint::body::NoBody,
    invitation::{list, revoke},
    page::ListQuery,
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, pages, refusal};

fn invite(caller: &Caller<'_>, roles: &[&str], email: Option<&str>) -> Outcome<NewInvitation> {
    let body = create::Body {
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
        email: email.map(|email| email.parse().unwrap()),
        lasts_s: None,
    };
    let path = create::Path { workspace: caller.workspace() };
    caller.create::<CreateInvitation>(path, Json(body)).map(|made| made.0)
}

/// What a link ends with.
fn secret(link: &str) -> String {
    link.split_once("/join#").unwrap().1.to_owned()
}

fn accept(caller: &Caller<'_>, link: &str) -> Outcome<Workspace> {
    let body = Json(accept::Body { invitation: secret(link) });
    caller.call::<AcceptInvitation>(accept::Path {}, body).map(|joined| joined.0)
}

fn sign_up(app: &App, link: &str, email: &str) -> Outcome<Joined> {
    let (email, password) = (email.parse().unwrap(), "correct horse".parse().unwrap());
    let body = Json(sign_up::Body { invitation: secret(link), email, password });
    app.anonymous().call::<SignUpByInvitation>(sign_up::Path {}, body).map(|joined| joined.0)
}

fn may(caller: &Caller<'_>) -> String {
    caller.raw(Method::GET, "/api/v1/workspaces/acme/sites", "").code()
}

#[test]
fn a_link_makes_one_member_with_its_roles() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = invite(&owner, &["viewer"], None).unwrap();
    assert!(made.link.starts_with("https://patr.example/join#patr_i_"), "{}", made.link);
    let (ada, eve) = (app.person("ada"), app.person("eve"));
    assert_eq!(may(&ada), "not_found");
    assert_eq!(accept(&ada, &made.link).unwrap().name.as_str(), "acme");
    assert_eq!(may(&ada), "");
    assert_eq!(code(accept(&eve, &made.link)), "invitation_not_good");
    assert_eq!(app.last_audit(), "AcceptInvitation");
    assert!(!app.sqlite.dump().join("\n").contains(&secret(&made.link)), "only its hash is stored");
}

#[test]
fn an_account_is_made_by_a_link_where_sign_up_is_closed() {
    let mut app = App::new();
    app.settings.sign_up_open = false;
    let owner = app.owner("acme");
    let made = invite(&owner, &["developer"], Some("new@example.com")).unwrap();
    assert_eq!(code(sign_up(&app, &made.link, "other@example.com")), "invitation_for_another");
    let joined = sign_up(&app, &made.link, "new@example.com").unwrap();
    assert_eq!(joined.workspace.name.as_str(), "acme");
    assert_eq!(may(&app.anonymous().with_token(joined.session.token)), "");
    assert_eq!(code(sign_up(&app, &made.link, "new@example.com")), "invitation_not_good");
}

#[test]
fn an_address_that_has_an_account_is_told_to_log_in_and_the_link_stays_good() {
    let app = App::new();
    let owner = app.owner("acme");
    let ada = app.person("ada");
    let made = invite(&owner, &["viewer"], None).unwrap();
    assert_eq!(code(sign_up(&app, &made.link, "ada@example.com")), "email_taken");
    accept(&ada, &made.link).unwrap();
}

#[test]
fn a_link_for_an_address_is_for_no_other() {
    let app = App::new();
    let owner = app.owner("acme");
    let (ada, eve) = (app.person("ada"), app.person("eve"));
    let made = invite(&owner, &["viewer"], Some("Ada@example.com")).unwrap();
    let refused = refusal(accept(&eve, &made.link));
    assert_eq!(refused.code, "invitation_for_another");
    assert!(!refused.message.contains("ada@"), "whom it is for is nobody else's business");
    accept(&ada, &made.link).unwrap();
    assert_eq!(code(invite(&owner, &["viewer"], Some("ada@example.com"))), "already_member");
}

#[test]
fn a_link_ends_with_its_time_or_when_it_is_revoked() {
    let app = App::new();
    let owner = app.owner("acme");
    let ada = app.person("ada");
    let late = invite(&owner, &["viewer"], None).unwrap();
    app.stay_logged_in();
    app.pass(Duration::from_secs(u64::from(LASTS_S)));
    assert_eq!(code(accept(&ada, &late.link)), "invitation_not_good");
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT * FROM invitation_roles").len(), 0);
    let made = invite(&owner, &["viewer"], None).unwrap();
    let path = revoke::Path { workspace: owner.workspace(), invitation: made.invitation.id };
    owner.call::<RevokeInvitation>(path, NoBody).unwrap();
    assert_eq!(code(accept(&ada, &made.link)), "invitation_not_good");
}

#[test]
fn of_two_who_use_a_link_at_once_one_becomes_a_member() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = invite(&owner, &["viewer"], None).unwrap();
    let ada = app.person("ada");
    app.sqlite.meanwhile("DELETE FROM invitations");
    assert_eq!(code(accept(&ada, &made.link)), "invitation_not_good");
    assert_eq!(app.sqlite.rows("SELECT * FROM members").len(), 1);
}

#[test]
fn nobody_invites_to_more_than_they_may_do() {
    let app = App::new();
    app.owner("acme");
    let access = [Grant::all(Permission::MemberInvite)].into_iter().collect();
    let mia = app.member("mia", &access).in_workspace("acme");
    assert_eq!(code(invite(&mia, &["viewer"], None)), "more_than_yours");
    assert_eq!(code(invite(&mia, &["mia"], None)), "");
    assert_eq!(code(invite(&mia, &[], None)), "no_role");
    assert_eq!(code(invite(&mia, &["pilot"], None)), "role_not_found");
}

/// Else an admin could keep a link, and come back with it after having been removed.
#[test]
fn a_link_is_as_good_as_who_made_it() {
    let app = App::new();
    let owner = app.owner("acme");
    let everything = Permission::ALL.iter().copied().map(Grant::all).collect();
    let mia = app.member("mia", &everything).in_workspace("acme");
    let made = invite(&mia, &["admin"], None).unwrap();
    let roles = |roles: &str| {
        let path = "/api/v1/workspaces/acme/members/mia@example.com/roles";
        owner.raw(Method::PUT, path, format!(r#"{{"roles":["{roles}"]}}"#)).code()
    };
    assert_eq!(roles("viewer"), "");
    assert_eq!(code(accept(&mia, &made.link)), "invitation_not_good");
    assert_eq!(roles("admin"), "");
    let path = "/api/v1/workspaces/acme/members/mia@example.com";
    assert_eq!(owner.raw(Method::DELETE, path, "").code(), "");
    assert_eq!(code(accept(&mia, &made.link)), "invitation_not_good");
}

#[test]
fn no_token_joins_for_its_maker() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = invite(&owner, &["viewer"], None).unwrap();
    let ada = app.person("ada");
    let token = ada.raw(Method::POST, "/api/v1/tokens", r#"{"name":"ci"}"#);
    let token: patr_models::token::NewToken = serde_json::from_slice(token.body()).unwrap();
    assert_eq!(code(accept(&ada.with_token(token.secret), &made.link)), "login_needed");
}

#[test]
fn a_list_shows_whom_links_are_for_and_not_the_links() {
    let app = App::new();
    let owner = app.owner("acme");
    for name in ["one", "two", "three"] {
        app.pass(Duration::from_millis(1));
        invite(&owner, &["viewer"], Some(&format!("{name}@example.com"))).unwrap();
    }
    let path = list::Path { workspace: owner.workspace() };
    let list = |query: ListQuery| owner.list::<ListInvitations, Invitation>(path.clone(), query).unwrap();
    assert_eq!(pages(list, |invitation| invitation.id).len(), 3);
    let first = list(ListQuery::default()).items.remove(0);
    assert_eq!(first.email.unwrap().as_str(), "one@example.com");
    assert_eq!(first.created_by.as_str(), "owner-of-acme@example.com");
    assert_eq!(first.roles[0].name.as_str(), "viewer");
}
