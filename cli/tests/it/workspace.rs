//! `patr workspace`.

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    ids::Ref,
    quota::{
        Quota, Usage,
        usage::{GetUsage, Usages},
    },
    user::who_am_i::WhoAmI,
    workspace::{
        create::{self, CreateWorkspace},
        delete::{self, DeleteWorkspace},
        get::GetWorkspace,
        list::ListWorkspaces,
        rename::RenameWorkspace,
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{self, acme, id, page, workspace},
};

fn not_found(name: &str) -> Common {
    Common::NotFound { noun: "workspace".to_owned(), name: name.to_owned() }
}

#[test]
fn the_first_workspace_is_worked_in_at_once() {
    let t = TestContext::logged_out().with("PATR_TOKEN", sample::TOKEN);
    t.edge.answers::<CreateWorkspace>(Created(workspace(1, "acme")));
    patr_snapshot!(t.patr("workspace create acme"), @"
    exit code: 0
    ----- stdout -----
    acme
    ----- stderr -----
    made the workspace `acme` and work in it from now on
    ");
    assert!(t.edge.asked_once::<CreateWorkspace>().call.headers.key.is_some(), "it is made once");

    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 0
    ----- stdout -----
    email         ada@example.com
    id            usr_00000000000000000000000001
    installation  [EDGE]
    workspace     acme
    ");
}

#[test]
fn a_further_workspace_is_only_made() {
    let t = TestContext::new();
    t.edge.answers::<CreateWorkspace>(Created(workspace(2, "umbrella")));
    patr_snapshot!(t.patr("workspace create umbrella"), @"
    exit code: 0
    ----- stdout -----
    umbrella
    ----- stderr -----
    made the workspace `umbrella`
    hint: `patr workspace use umbrella` works in it
    ");
}

#[test]
fn a_name_is_taken_once() {
    let t = TestContext::new();
    t.edge.refuses::<CreateWorkspace>(&create::Error::NameTaken { name: "acme".parse().unwrap() });
    patr_snapshot!(t.patr("workspace create acme"), @"
    exit code: 1
    ----- stderr -----
    error: a workspace named `acme` already exists

    hint: names of workspaces are unique in an installation; choose another
    ");
}

#[test]
fn a_name_out_of_the_pattern_is_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("workspace create 'Acme Inc'"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'Acme Inc' for '<NAME>': `Acme Inc` is not a name: use 1 to 22 of a-z, 0-9 and `-`, beginning and ending with a letter or digit

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("workspace create a-name-that-is-too-long-for-a-label"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'a-name-that-is-too-long-for-a-label' for '<NAME>': `a-name-that-is-too-long-for-a-label` is not a name: use 1 to 22 of a-z, 0-9 and `-`, beginning and ending with a letter or digit

    For more information, try '--help'.
    ");
}

#[test]
fn the_list_says_which_one_is_in_use() {
    let t = TestContext::new();
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme"), workspace(2, "umbrella")]));
    patr_snapshot!(t.patr("workspace list"), @"
    exit code: 0
    ----- stdout -----
    NAME      IN USE  CREATED               ID
    acme      yes     2026-01-31 12:00:00Z  ws_00000000000000000000000001
    umbrella          2026-01-31 12:00:00Z  ws_00000000000000000000000002
    ");
    patr_snapshot!(t.patr("workspace list -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "ws_00000000000000000000000001",
          "name": "acme",
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "ws_00000000000000000000000002",
          "name": "umbrella",
          "created_at": "2026-01-31T12:00:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn a_list_without_anything_is_not_silent() {
    let t = TestContext::new();
    t.edge.answers::<ListWorkspaces>(page(vec![]));
    patr_snapshot!(t.patr("workspace list --name zzz"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    ");
    assert_eq!(t.edge.asked_once::<ListWorkspaces>().call.query.name.as_deref(), Some("zzz"));
}

#[test]
fn using_a_workspace_keeps_its_id_so_that_a_rename_does_not_lose_it() {
    let t = TestContext::logged_out().with("PATR_TOKEN", sample::TOKEN);
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    patr_snapshot!(t.patr("workspace use acme"), @"
    exit code: 0
    ----- stderr -----
    working in `acme` from now on
    ");

    t.edge.answers::<GetUsage>(Json(Usages { items: Vec::new() }));
    assert_eq!(t.patr("workspace show").run().code, 0);
    let asked = t.edge.asked::<GetWorkspace>();
    assert_eq!(asked[1].call.path.workspace, Ref::Id(id(1)));
}

#[test]
fn using_a_workspace_that_does_not_exist_suggests_one() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetWorkspace>(&not_found("acmee"));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    patr_snapshot!(t.patr("workspace use acmee"), @"
    exit code: 4
    ----- stderr -----
    error: there is no workspace `acmee` here

    hint: did you mean `acme`?
    ");
}

#[test]
fn a_workspace_of_strangers_is_as_absent_as_one_that_does_not_exist() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetWorkspace>(&not_found("strangers"));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    patr_snapshot!(t.patr("workspace show strangers"), @"
    exit code: 4
    ----- stderr -----
    error: there is no workspace `strangers` here

    hint: check the name, and the workspace with `patr workspace list`
    ");
}

#[test]
fn showing_a_workspace() {
    let t = TestContext::new();
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    let usage = |quota, used, limit| Usage { quota, used, limit };
    let items = vec![usage(Quota::Runners, 2, Some(10)), usage(Quota::SiteBytes, 1536, None)];
    t.edge.answers::<GetUsage>(Json(Usages { items }));
    patr_snapshot!(t.patr("workspace show"), @"
    exit code: 0
    ----- stdout -----
    name            acme
    id              ws_00000000000000000000000001
    created         2026-01-31 12:00:00Z
    runners         2 of 10
    bytes of sites  1.5 KiB
    ");
    patr_snapshot!(t.patr("workspace show acme --output json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "ws_00000000000000000000000001",
      "name": "acme",
      "created_at": "2026-01-31T12:00:00.000Z"
    }
    "#);
    assert_eq!(t.edge.asked::<GetWorkspace>()[0].call.path.workspace, acme());
}

#[test]
fn renaming_a_workspace() {
    let t = TestContext::new();
    t.edge.answers::<RenameWorkspace>(Json(workspace(1, "acme-labs")));
    patr_snapshot!(t.patr("workspace rename acme acme-labs"), @"
    exit code: 0
    ----- stdout -----
    name     acme-labs
    id       ws_00000000000000000000000001
    created  2026-01-31 12:00:00Z
    ");
    assert_eq!(t.edge.asked_once::<RenameWorkspace>().call.body.0.name.as_str(), "acme-labs");
}

#[test]
fn deleting_the_workspace_in_use_forgets_it() {
    let t = TestContext::logged_out().with("PATR_TOKEN", sample::TOKEN);
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    t.edge.answers::<DeleteWorkspace>(NoContent);
    assert_eq!(t.patr("workspace use acme").run().code, 0);
    patr_snapshot!(t.patr("workspace delete acme"), @"
    exit code: 0
    ----- stderr -----
    deleted the workspace `acme`
    ");
    assert_eq!(t.edge.asked_once::<DeleteWorkspace>().call.path.workspace, Ref::Id(id(1)));
    patr_snapshot!(t.patr("deployment list"), @"
    exit code: 2
    ----- stderr -----
    error: no workspace is chosen

    hint: run `patr workspace use NAME`, or give `--workspace NAME`; `patr workspace list` shows them
    ");
}

#[test]
fn a_workspace_with_something_in_it_stays() {
    let t = TestContext::new();
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    t.edge.refuses::<DeleteWorkspace>(&delete::Error::NotEmpty { holds: "2 deployments".to_owned() });
    patr_snapshot!(t.patr("workspace delete acme"), @"
    exit code: 1
    ----- stderr -----
    error: the workspace still has 2 deployments

    hint: delete these first
    ");
}
