//! `patr federation`, and logging in as a job.

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    federation::{
        Federation,
        create::{self, CreateFederation},
        delete::DeleteFederation,
        get::GetFederation,
        list::ListFederations,
    },
    ids::RoleId,
    role::HeldRole,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{at, id, page},
};

fn federation() -> Federation {
    let conditions = [("ref", "refs/heads/main"), ("repository", "acme/web")];
    Federation {
        id: id(1),
        name: "github".parse().unwrap(),
        issuer: "https://token.actions.githubusercontent.com".parse().unwrap(),
        audience: "https://patr.example.com".to_owned(),
        conditions: conditions.map(|(claim, text)| (claim.to_owned(), text.parse().unwrap())).into(),
        roles: vec![HeldRole { id: Some(id::<RoleId>(1)), name: "ci".parse().unwrap() }],
        created_by: id(1),
        created_at: at(0),
    }
}

#[test]
fn jobs_of_a_repository_are_trusted_by_its_name() {
    let t = TestContext::new();
    t.edge.answers::<CreateFederation>(Created(federation()));
    let line = "federation add github --github acme/web --claim ref=refs/heads/main --role ci";
    patr_snapshot!(t.patr(line), @"
    exit code: 0
    ----- stdout -----
    name      github
    issuer    https://token.actions.githubusercontent.com
    audience  https://patr.example.com
    claims    ref=refs/heads/main, repository=acme/web
    roles     ci
    made by   usr_00000000000000000000000001
    created   2026-01-31 12:00:00Z
    id        fed_00000000000000000000000001
    ----- stderr -----
    hint: in the job: `patr login --oidc`, with the workspace in PATR_WORKSPACE
    ");
    let body = t.edge.asked_once::<CreateFederation>().call.body.0;
    assert_eq!((body.issuer, body.conditions), (federation().issuer, federation().conditions));
}

#[test]
fn jobs_of_everybody_are_not_trusted() {
    let t = TestContext::new();
    t.edge.refuses::<CreateFederation>(&create::Error::AnyonesJobs);
    let line = "federation add ci --issuer https://ci.example.com --claim ref=main --role ci";
    let ran = t.patr(line).run();
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stderr.contains("do not say whose jobs are meant"), "{ran}");
    assert_eq!(t.patr("federation add ci --role ci").run().code, 2, "whose has to be said");
}

#[test]
fn listing_showing_and_removing_federations() {
    let t = TestContext::new();
    t.edge.answers::<ListFederations>(page(vec![federation()]));
    patr_snapshot!(t.patr("federation list"), @"
    exit code: 0
    ----- stdout -----
    NAME    ISSUER                                       CLAIMS                                    ROLES
    github  https://token.actions.githubusercontent.com  ref=refs/heads/main, repository=acme/web  ci
    ");
    t.edge.answers::<GetFederation>(Json(federation()));
    assert_eq!(t.patr("federation show github").run().code, 0);
    t.edge.answers::<DeleteFederation>(NoContent);
    patr_snapshot!(t.patr("federation remove github"), @"
    exit code: 0
    ----- stderr -----
    removed `github`: its tokens are refused from now on
    ");
}

#[test]
fn a_job_without_an_id_token_is_told_where_it_comes_from() {
    let t = TestContext::logged_out().with("PATR_WORKSPACE", "acme");
    patr_snapshot!(t.patr("login --oidc"), @"
    exit code: 2
    ----- stderr -----
    error: there is no ID token here

    hint: on GitHub the job needs `permissions: id-token: write`; elsewhere set PATR_ID_TOKEN
    ");
}
