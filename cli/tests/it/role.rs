//! `patr role`.

use patr_models::{
    auth::{Grant, Permission, Scope},
    deployment::list::ListDeployments,
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    role::{
        Role,
        create::{self, CreateRole},
        delete::{self, DeleteRole},
        get::GetRole,
        list::ListRoles,
        update::UpdateRole,
    },
    site::list::ListSites,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{built_in, deployment, page, role, site},
};

fn only(permission: Permission, id: &str) -> Grant {
    Grant { permission, resources: Scope::Only([id.to_owned()].into()) }
}

const WEB: &str = "dep_00000000000000000000000001";
const DOCS: &str = "site_00000000000000000000000002";

fn docs() -> Role {
    role("docs", vec![Grant::all(Permission::SiteView), only(Permission::SiteDeploy, DOCS)])
}

#[test]
fn listing_roles() {
    let t = TestContext::new();
    t.edge.answers::<ListRoles>(page(vec![
        built_in("viewer", vec![Grant::all(Permission::SiteView)]),
        docs(),
        role("nobody", vec![]),
    ]));
    patr_snapshot!(t.patr("role list"), @"
    exit code: 0
    ----- stdout -----
    NAME    ALLOWS                    ID
    viewer  1: site:view              -
    docs    2: site:view site:deploy  role_00000000000000000000000001
    nobody  nothing                   role_00000000000000000000000001
    ");
}

#[test]
fn a_role_is_shown_with_the_names_of_what_it_is_for() {
    let t = TestContext::new();
    t.edge.answers::<GetRole>(Json(docs()));
    t.edge.answers::<ListSites>(page(vec![site(2, "docs")]));
    patr_snapshot!(t.patr("role show docs"), @"
    exit code: 0
    ----- stdout -----
    name         docs
    id           role_00000000000000000000000001
    changed      2026-01-31 12:03:00Z
    site:view    all
    site:deploy  only docs
    ");
}

#[test]
fn a_role_is_made_of_names_and_sent_with_ids() {
    let t = TestContext::new();
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    t.edge.answers::<CreateRole>(Created(role("ops", vec![only(Permission::DeploymentEdit, WEB)])));
    patr_snapshot!(t.patr("role create ops --allow deployment:edit --only web --allow '*:view'"), @"
    exit code: 0
    ----- stdout -----
    name             ops
    id               role_00000000000000000000000001
    changed          2026-01-31 12:03:00Z
    deployment:edit  only web
    ----- stderr -----
    hint: give it: `patr member set-roles ADDRESS ops`
    ");
    let grants = t.edge.asked_once::<CreateRole>().call.body.0.grants;
    assert_eq!(grants[0], only(Permission::DeploymentEdit, WEB));
    assert!(grants[1..].iter().all(|grant| grant.resources == Scope::All));
}

#[test]
fn behind_a_star_what_is_for_all_only_is_left_out_of_some_and_kept_for_all_but_some() {
    let t = TestContext::new();
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    t.edge.answers::<CreateRole>(Created(role("ops", vec![])));
    for (flag, creates) in [("--only", false), ("--except", true)] {
        t.patr(&format!("role create ops --allow deployment:* {flag} web --allow secret:view {flag} key"))
            .run();
        let asked = t.edge.asked::<CreateRole>().pop().unwrap().call.body.0.grants;
        let has = asked.contains(&Grant::all(Permission::DeploymentCreate));
        assert_eq!(
            (has, asked.iter().any(|grant| grant.permission == Permission::SecretView)),
            (creates, true)
        );
    }
}

#[test]
fn a_name_that_is_not_there_is_found_out_before_anything_is_made() {
    let t = TestContext::new();
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("role create ops --allow deployment:edit --only wbe"), @"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `wbe` here

    hint: did you mean `web`?
    ");
    patr_snapshot!(t.patr("role create ops --allow '*:view' --only web"), @"
    exit code: 2
    ----- stderr -----
    error: `web` can be of several types

    hint: give one `--allow` for each type, each with its own names
    ");
    patr_snapshot!(t.patr("role create ops --allow deployment:create --only web"), @"
    exit code: 2
    ----- stderr -----
    error: `deployment:create` is given for all or not at all
    ");
    patr_snapshot!(t.patr("role create ops --allow deployment:fly"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'deployment:fly' for '--allow <PERMISSION>': `deployment:fly` is not a permission; `patr role show owner` lists all of them

    For more information, try '--help'.
    ");
}

#[test]
fn nobody_makes_more_than_they_have() {
    let t = TestContext::new();
    t.edge.refuses::<CreateRole>(&create::Error::MoreThanYours { permission: "site:delete".to_owned() });
    patr_snapshot!(t.patr("role create ops --allow site:delete"), @"
    exit code: 3
    ----- stderr -----
    error: you cannot give `site:delete` to others for more than you have it for

    hint: ask an owner of the workspace to do this
    ");
}

#[test]
fn changing_a_role_replaces_what_is_allowed_as_a_whole() {
    let t = TestContext::new();
    t.edge.answers::<UpdateRole>(Json(role("writers", vec![Grant::all(Permission::SiteView)])));
    patr_snapshot!(t.patr("role update docs --rename writers --allow site:view"), @"
    exit code: 0
    ----- stdout -----
    name       writers
    id         role_00000000000000000000000001
    changed    2026-01-31 12:03:00Z
    site:view  all
    ");
    let body = t.edge.asked_once::<UpdateRole>().call.body.0;
    assert_eq!((body.name.unwrap().as_str(), body.grants.unwrap().len()), ("writers", 1));
    patr_snapshot!(t.patr("role update docs"), @"
    exit code: 2
    ----- stderr -----
    error: say what is to change: `--rename` or `--allow`
    ");
}

#[test]
fn deleting_a_role() {
    let t = TestContext::new();
    t.edge.answers::<DeleteRole>(NoContent);
    patr_snapshot!(t.patr("role delete docs"), @"
    exit code: 0
    ----- stderr -----
    deleted the role `docs`
    ");
    t.edge.refuses::<DeleteRole>(&delete::Error::InUse { holder: "the member `ada@example.com`".to_owned() });
    patr_snapshot!(t.patr("role delete docs"), @"
    exit code: 1
    ----- stderr -----
    error: the member `ada@example.com` still has the role

    hint: give other roles first, with `patr member set-roles`, and revoke invitations and remove federations with it
    ");
    t.edge.refuses_commonly::<DeleteRole>(&Common::NotFound {
        noun: "role".to_owned(),
        name: "dosc".to_owned(),
    });
    t.edge.answers::<ListRoles>(page(vec![docs()]));
    assert!(t.patr("role delete dosc").run().stderr.contains("did you mean `docs`?"));
}
