//! `patr member`, `patr join`, and what they leave behind.

use patr_models::{
    auth::{Grant, Permission},
    endpoint::body::{Created, Json, NoContent},
    ids::Ref,
    invitation::{
        accept::{self, AcceptInvitation},
        create::{CreateInvitation, NewInvitation},
        list::ListInvitations,
        revoke::RevokeInvitation,
        sign_up::{Joined, SignUpByInvitation},
    },
    member::{
        get::GetMember,
        list::ListMembers,
        remove::{self, RemoveMember},
        set_roles::{self, SetMemberRoles},
    },
    workspace::{
        get::GetWorkspace,
        leave::LeaveWorkspace,
        list::ListWorkspaces,
        permissions::{GetPermissions, Permissions},
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{self, held, id, invitation, member, page, workspace},
};

#[test]
fn listing_and_showing_members() {
    let t = TestContext::new();
    t.edge.answers::<ListMembers>(page(vec![member("ada", &["owner"]), member("bob", &["viewer", "docs"])]));
    patr_snapshot!(t.patr("member list"), @"
    exit code: 0
    ----- stdout -----
    EMAIL            ROLES        JOINED                ID
    ada@example.com  owner        2026-01-31 12:02:00Z  usr_00000000000000000000000001
    bob@example.com  viewer docs  2026-01-31 12:02:00Z  usr_00000000000000000000000001
    ");
    t.edge.answers::<GetMember>(Json(member("ada", &["owner"])));
    patr_snapshot!(t.patr("member show ada@example.com"), @"
    exit code: 0
    ----- stdout -----
    email   ada@example.com
    roles   owner
    id      usr_00000000000000000000000001
    joined  2026-01-31 12:02:00Z
    ");
    patr_snapshot!(t.patr("member show ada"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'ada' for '<MEMBER>': `ada` is not an e-mail address: expected something like `ada@example.com`

    For more information, try '--help'.
    ");
}

#[test]
fn giving_roles() {
    let t = TestContext::new();
    t.edge.answers::<SetMemberRoles>(Json(member("bob", &["viewer", "docs"])));
    patr_snapshot!(t.patr("member set-roles bob@example.com viewer docs"), @"
    exit code: 0
    ----- stdout -----
    email   bob@example.com
    roles   viewer docs
    id      usr_00000000000000000000000001
    joined  2026-01-31 12:02:00Z
    ");
    assert_eq!(t.edge.asked_once::<SetMemberRoles>().call.body.0.roles.len(), 2);
    let more = set_roles::Error::MoreThanYours {
        role: "owner".to_owned(),
        permission: "workspace:delete".to_owned(),
    };
    t.edge.refuses::<SetMemberRoles>(&more);
    patr_snapshot!(t.patr("member set-roles bob@example.com owner"), @"
    exit code: 3
    ----- stderr -----
    error: `owner` allows `workspace:delete` for more than you have it for: you can neither give nor take it

    hint: ask an owner of the workspace to do this
    ");
}

#[test]
fn removing_somebody() {
    let t = TestContext::new();
    t.edge.answers::<RemoveMember>(NoContent);
    patr_snapshot!(t.patr("member remove bob@example.com"), @"
    exit code: 0
    ----- stderr -----
    removed `bob@example.com`, whose next request is refused
    ");
    t.edge.refuses::<RemoveMember>(&remove::Error::LastOwner);
    patr_snapshot!(t.patr("member remove ada@example.com"), @"
    exit code: 1
    ----- stderr -----
    error: a workspace needs an owner, and this is the only one

    hint: make somebody else an owner first, or delete the workspace
    ");
}

#[test]
fn an_invitation_is_a_link_on_stdout() {
    let t = TestContext::new();
    let link = format!("{}/join#patr_i_abc", t.edge.url());
    t.edge.answers::<CreateInvitation>(Created(NewInvitation { invitation: invitation(Some("bob")), link }));
    patr_snapshot!(t.patr("member invite viewer --email bob@example.com --expires-in 2d"), @"
    exit code: 0
    ----- stdout -----
    [EDGE]/join#patr_i_abc
    ----- stderr -----
    makes bob@example.com viewer, once, until 2026-01-31 13:00:00Z; it is not shown again
    hint: send it to them; they use it with `patr join`
    ");
    assert_eq!(t.edge.asked_once::<CreateInvitation>().call.body.0.lasts_s, Some(2 * 24 * 3600));
    t.edge.answers::<ListInvitations>(page(vec![invitation(Some("bob")), invitation(None)]));
    patr_snapshot!(t.patr("member invitations"), @"
    exit code: 0
    ----- stdout -----
    FOR              ROLES   BY               EXPIRES               ID
    bob@example.com  viewer  ada@example.com  2026-01-31 13:00:00Z  inv_00000000000000000000000001
    anybody          viewer  ada@example.com  2026-01-31 13:00:00Z  inv_00000000000000000000000001
    ");
    t.edge.answers::<RevokeInvitation>(NoContent);
    patr_snapshot!(t.patr("member revoke-invitation inv_00000000000000000000000001"), @"
    exit code: 0
    ----- stderr -----
    revoked the invitation `inv_00000000000000000000000001`
    ");
}

#[test]
fn whoever_is_logged_in_joins_by_a_link() {
    let t = TestContext::new();
    t.edge.answers::<AcceptInvitation>(Json(workspace(1, "acme")));
    patr_snapshot!(t.patr(&format!("join {}/join#patr_i_abc", t.edge.url())), @"
    exit code: 0
    ----- stdout -----
    acme
    ----- stderr -----
    joined `acme` and work in it from now on
    hint: `patr workspace permissions` shows what you may do there
    ");
    assert_eq!(t.edge.asked_once::<AcceptInvitation>().call.body.0.invitation, "patr_i_abc");
    t.edge.refuses::<AcceptInvitation>(&accept::Error::NotGood);
    patr_snapshot!(t.patr(&format!("join {}/join#patr_i_abc", t.edge.url())), @"
    exit code: 4
    ----- stderr -----
    error: this link is not good: it was used, was revoked, or has expired

    hint: ask whoever sent it for another
    ");
}

#[test]
fn a_link_makes_an_account_and_logs_it_in() {
    let t = TestContext::fresh(crate::edge::Edge::start());
    let joined = Joined { session: sample::session(), workspace: workspace(1, "acme") };
    t.edge.answers::<SignUpByInvitation>(Created(joined));
    let line = format!("join {}/join#patr_i_abc --email ada@example.com --password-stdin", t.edge.url());
    patr_snapshot!(t.patr(&line).stdin("correct horse battery"), @"
    exit code: 0
    ----- stdout -----
    acme
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    joined `acme` and work in it from now on
    hint: `patr workspace permissions` shows what you may do there
    ");
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    t.patr("workspace show --output json").run();
    let asked = t.edge.asked_once::<GetWorkspace>();
    assert_eq!((asked.token.as_deref(), asked.call.path.workspace), (Some(sample::TOKEN), Ref::Id(id(1))));
}

#[test]
fn who_is_not_logged_in_is_told_both_ways() {
    let t = TestContext::fresh(crate::edge::Edge::start());
    patr_snapshot!(t.patr(&format!("join {}/join#patr_i_abc", t.edge.url())), @"
    exit code: 3
    ----- stderr -----
    error: not logged in at [EDGE]

    hint: run `patr login --url [EDGE]` first; who has no account there gives `--email ADDRESS`
    ");
}

/// A link comes from somebody else, and so does the address in it.
#[test]
fn a_token_is_not_sent_where_a_link_wants_it() {
    let elsewhere = TestContext::new();
    let t = TestContext::fresh(crate::edge::Edge::start()).with("PATR_TOKEN", sample::TOKEN);
    let line = format!("join {}/join#patr_i_abc", elsewhere.edge.url());
    let ran = t.patr(&line).run();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("PATR_TOKEN is set"), "{}", ran.stderr);
    let ran = elsewhere.patr(&format!("join {}/join#patr_i_abc", t.edge.url())).run();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the link is of"), "{}", ran.stderr);
    assert!(t.edge.order().is_empty() && elsewhere.edge.order().is_empty());
}

#[test]
fn half_a_link_is_refused_without_a_word_of_it() {
    let t = TestContext::new();
    let ran = t.patr("join https://patr.example.com/join").run();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("this is not the whole link"), "{}", ran.stderr);
}

#[test]
fn what_one_may_do_is_shown() {
    let t = TestContext::new();
    let mine = Permissions { roles: vec![held("viewer")], grants: vec![Grant::all(Permission::SiteView)] };
    t.edge.answers::<GetPermissions>(Json(mine));
    patr_snapshot!(t.patr("workspace permissions"), @"
    exit code: 0
    ----- stdout -----
    roles      viewer
    site:view  all
    ");
}

#[test]
fn leaving_a_workspace_forgets_it() {
    let t = TestContext::new();
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    t.edge.answers::<LeaveWorkspace>(NoContent);
    patr_snapshot!(t.patr("workspace leave acme"), @"
    exit code: 0
    ----- stderr -----
    left the workspace `acme`
    ");
}
