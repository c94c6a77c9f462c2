//! People in a workspace, by the CLI over the real edge.

use patr_models::{endpoint::body::Json, invitation::sign_up};
use patr_stories::{Caller, Edge, Program};

/// `patr` as somebody who is logged in.
fn as_person(edge: &Edge, caller: &Caller) -> Program {
    Program::of(edge, &caller.in_workspace("acme"))
}

#[tokio::test]
async fn a_developer_deploys_a_viewer_only_looks_and_who_is_removed_is_out_at_once() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    owner.add_runner("box").await;
    let boss = Program::of(&edge, &owner);
    let link = boss.run(&["member", "invite", "developer", "--email", "ada@example.com"]).await;
    let ada = as_person(&edge, &edge.person("ada").await);
    assert_eq!(ada.run(&["join", link.trim(), "--url", &edge.url()]).await, "acme\n");
    ada.run(&["deploy", "nginx:1", "--name", "web", "--no-wait"]).await;
    let again = ada.try_run(&["join", link.trim(), "--url", &edge.url()]).await;
    assert!(again.stderr.contains("this link is not good"), "{}", again.stderr);

    boss.run(&["member", "set-roles", "ada@example.com", "viewer"]).await;
    let refused = ada.try_run(&["deploy", "nginx:2", "--name", "web", "--no-wait"]).await;
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("this needs the permission `deployment:edit`"), "{}", refused.stderr);
    assert!(ada.run(&["deployment", "list"]).await.contains("web"));

    boss.run(&["role", "create", "web", "--allow", "deployment:*", "--only", "web"]).await;
    boss.run(&["member", "set-roles", "ada@example.com", "web"]).await;
    ada.run(&["deployment", "stop", "web"]).await;
    let allowed = ada.run(&["workspace", "permissions"]).await;
    assert!(allowed.contains("only web") && !allowed.contains("deployment:create"), "{allowed}");

    let kept = boss.try_run(&["role", "delete", "web"]).await;
    assert!(kept.stderr.contains("the member `ada@example.com` still has the role"), "{}", kept.stderr);

    boss.run(&["member", "remove", "ada@example.com"]).await;
    boss.run(&["member", "invite", "web"]).await;
    let kept = boss.try_run(&["role", "delete", "web"]).await;
    assert!(kept.stderr.contains("an invitation still has the role"), "{}", kept.stderr);
    let refused = ada.try_run(&["deployment", "list"]).await;
    assert!(refused.stderr.contains("there is no workspace `acme` here"), "{}", refused.stderr);

    somebody_without_an_account_joins_where_sign_up_is_closed(&edge, &boss).await;
}

async fn somebody_without_an_account_joins_where_sign_up_is_closed(edge: &Edge, boss: &Program) {
    let link = boss.run(&["member", "invite", "viewer"]).await;
    let invitation = link.trim().split_once('#').unwrap().1.to_owned();
    let (email, password) = ("new@example.com".parse().unwrap(), "correct horse".parse().unwrap());
    let body = Json(sign_up::Body { invitation, email, password });
    let anyone = Caller::anonymous(edge.url());
    let joined = anyone.call::<sign_up::SignUpByInvitation>(sign_up::Path {}, body).await.unwrap().0;
    let new = as_person(edge, &anyone.with_token(joined.session.token));
    assert!(new.run(&["member", "list"]).await.contains("new@example.com"));
}
