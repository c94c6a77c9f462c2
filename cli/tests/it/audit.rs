//! `patr audit`.

use patr_models::{
    audit::{AuditEntry, list::ListAudit},
    error::Common,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{acme, audit_entry, id, page},
};

#[test]
fn listing_what_was_done() {
    let t = TestContext::new();
    let by_token = AuditEntry { token: Some(id(1)), ..audit_entry("UpdateDeployment", "web") };
    t.edge.answers::<ListAudit>(page(vec![by_token, audit_entry("CreateDeployment", "web")]));
    patr_snapshot!(t.patr("audit list --limit 2"), @"
    exit code: 0
    ----- stdout -----
    AT                    ACTION            NAME  RESOURCE                        USER                            TOKEN
    2026-01-31 12:01:00Z  UpdateDeployment  web   dep_00000000000000000000000001  usr_00000000000000000000000001  tok_00000000000000000000000001
    2026-01-31 12:01:00Z  CreateDeployment  web   dep_00000000000000000000000001  usr_00000000000000000000000001  -
    ");
    patr_snapshot!(t.patr("audit list -o json --limit 2"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "aud_00000000000000000000000001",
          "at": "2026-01-31T12:01:00.000Z",
          "user": "usr_00000000000000000000000001",
          "token": "tok_00000000000000000000000001",
          "action": "UpdateDeployment",
          "resource": "dep_00000000000000000000000001",
          "name": "web",
          "request": "req_00000000000000000000000001"
        },
        {
          "id": "aud_00000000000000000000000001",
          "at": "2026-01-31T12:01:00.000Z",
          "user": "usr_00000000000000000000000001",
          "action": "CreateDeployment",
          "resource": "dep_00000000000000000000000001",
          "name": "web",
          "request": "req_00000000000000000000000001"
        }
      ]
    }
    "#);
    assert_eq!(t.edge.asked::<ListAudit>()[0].call.path.workspace, acme());
}

#[test]
fn a_workspace_of_strangers_has_no_log_to_show() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "workspace".to_owned(), name: "strangers".to_owned() };
    t.edge.refuses_commonly::<ListAudit>(&missing);
    patr_snapshot!(t.patr("-w strangers audit list"), @"
    exit code: 4
    ----- stderr -----
    error: there is no workspace `strangers` here

    hint: check the name, and the workspace with `patr workspace list`
    ");
}
