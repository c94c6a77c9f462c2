//! `patr federation`, and `patr login --oidc` in a job.

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    federation::{
        create::{self, CreateFederation},
        delete::DeleteFederation,
        get::GetFederation,
        list::ListFederations,
    },
    user::who_am_i::WhoAmI,
    workspace::list::ListWorkspaces,
};

use crate::{
    context::{TestContext, mode, patr_snapshot},
    sample::{self, federation, page, workspace},
};

const TOKEN: &str = "/oauth/token";
const GITHUB: &str = "/github/token";

#[test]
fn trusting_a_repository_shows_what_was_made_of_it_and_what_the_job_does() {
    let t = TestContext::new();
    t.edge.answers::<CreateFederation>(Created(federation("github")));
    let line = "federation add github --github acme/web --claim ref=refs/heads/main --role developer";
    patr_snapshot!(t.patr(line), @"
    exit code: 0
    ----- stdout -----
    name      github
    issuer    https://token.actions.githubusercontent.com
    audience  https://patr.example.com
    claim     ref=refs/heads/main
    claim     repository=acme/web
    roles     developer
    made by   usr_00000000000000000000000001
    created   2026-01-31 12:00:00Z
    id        fed_00000000000000000000000001
    ----- stderr -----
    hint: in the job: `patr login --url [EDGE] --workspace acme --oidc`
    ");
    let body = t.edge.asked_once::<CreateFederation>().call.body.0;
    assert_eq!(
        serde_json::to_string(&body).unwrap(),
        concat!(
            r#"{"name":"github","issuer":"https://token.actions.githubusercontent.com","#,
            r#""conditions":{"ref":"refs/heads/main","repository":"acme/web"},"roles":["developer"]}"#,
        )
    );
}

#[test]
fn a_project_of_gitlab_and_any_other_issuer_are_trusted_by_what_their_tokens_say() {
    let t = TestContext::new();
    t.edge.answers::<CreateFederation>(Created(federation("ci")));
    for line in [
        "federation add ci --gitlab 'acme/*' --role viewer",
        "federation add ci --issuer https://ci.example.com --claim 'sub=job:acme/*' --claim env=a=b --audience patr --role viewer --role ops",
    ] {
        assert_eq!(t.patr(line).run().code, 0, "{line}");
    }
    let sent: Vec<String> = t
        .edge
        .asked::<CreateFederation>()
        .iter()
        .map(|asked| serde_json::to_string(&asked.call.body.0).unwrap())
        .collect();
    let gitlab = r#"{"name":"ci","issuer":"https://gitlab.com","conditions":{"project_path":"acme/*"},"roles":["viewer"]}"#;
    let other = concat!(
        r#"{"name":"ci","issuer":"https://ci.example.com","audience":"patr","#,
        r#""conditions":{"env":"a=b","sub":"job:acme/*"},"roles":["viewer","ops"]}"#,
    );
    assert_eq!(sent, [gitlab, other]);
}

#[test]
fn what_is_missing_or_there_twice_is_noticed_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("federation add github --role developer"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      <--issuer <URL>|--github <OWNER/REPOSITORY>|--gitlab <GROUP/PROJECT>>

    Usage: patr federation add --role <ROLE> --url <URL> --workspace <WORKSPACE> <--issuer <URL>|--github <OWNER/REPOSITORY>|--gitlab <GROUP/PROJECT>> <NAME>

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("federation add github --github acme/web"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      --role <ROLE>

    Usage: patr federation add --role <ROLE> --url <URL> --workspace <WORKSPACE> <--issuer <URL>|--github <OWNER/REPOSITORY>|--gitlab <GROUP/PROJECT>> <NAME>

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("federation add github --github acme/web --claim repository=acme/api --role viewer"), @"
    exit code: 2
    ----- stderr -----
    error: the claim `repository` is there twice
    ");
    patr_snapshot!(t.patr("federation add github --github acme/web --claim main --role viewer"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'main' for '--claim <NAME=TEXT>': `main` is not like `ref=refs/heads/main`

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("federation add github --issuer http://ci.example.com --role viewer"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'http://ci.example.com' for '--issuer <URL>': `http://ci.example.com` is no issuer: expected an address such as `https://token.actions.githubusercontent.com`

    For more information, try '--help'.
    ");
}

#[test]
fn conditions_have_to_say_whose_jobs_are_meant() {
    let t = TestContext::new();
    t.edge.refuses::<CreateFederation>(&create::Error::AnyonesJobs);
    let line = "federation add ci --issuer https://gitlab.com --claim ref=main --role viewer";
    patr_snapshot!(t.patr(line), @"
    exit code: 1
    ----- stderr -----
    error: conditions: they do not say whose jobs are meant, so that everybody's with the same issuer would be

    hint: add `sub`, `repository`, `project_path` or the like, beginning with more than `*`
    ");
}

#[test]
fn listing_federations() {
    let t = TestContext::new();
    t.edge.answers::<ListFederations>(page(vec![federation("github")]));
    patr_snapshot!(t.patr("federation list"), @"
    exit code: 0
    ----- stdout -----
    NAME    ISSUER                                       CLAIMS                                   ROLES      ID
    github  https://token.actions.githubusercontent.com  ref=refs/heads/main repository=acme/web  developer  fed_00000000000000000000000001
    ");
    t.edge.answers::<ListFederations>(page(vec![]));
    patr_snapshot!(t.patr("federation list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr federation add NAME --github OWNER/REPOSITORY --role ROLE` makes one
    ");
}

#[test]
fn showing_a_federation() {
    let t = TestContext::new();
    t.edge.answers::<GetFederation>(Json(federation("github")));
    patr_snapshot!(t.patr("federation show github -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "fed_00000000000000000000000001",
      "name": "github",
      "issuer": "https://token.actions.githubusercontent.com",
      "audience": "https://patr.example.com",
      "conditions": {
        "ref": "refs/heads/main",
        "repository": "acme/web"
      },
      "roles": [
        {
          "name": "developer"
        }
      ],
      "created_by": "usr_00000000000000000000000001",
      "created_at": "2026-01-31T12:00:00.000Z"
    }
    "#);
}

#[test]
fn removing_a_federation() {
    let t = TestContext::new();
    t.edge.answers::<DeleteFederation>(NoContent);
    patr_snapshot!(t.patr("federation remove github"), @"
    exit code: 0
    ----- stderr -----
    removed `github`: its tokens are refused from now on
    ");
    t.edge.answers::<ListFederations>(page(vec![federation("github")]));
    let missing = Common::NotFound { noun: "federation".to_owned(), name: "gihub".to_owned() };
    t.edge.refuses_commonly::<DeleteFederation>(&missing);
    patr_snapshot!(t.patr("federation remove gihub"), @"
    exit code: 4
    ----- stderr -----
    error: there is no federation `gihub` here

    hint: did you mean `github`?
    ");
}

/// A job that logs in.
fn job() -> TestContext {
    let t = TestContext::logged_out().with("PATR_WORKSPACE", "acme");
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    t.edge.says_at(TOKEN, 200, r#"{"access_token":"patr_a_job","token_type":"Bearer","expires_in":3600}"#);
    t
}

/// What a form holds, each field on a line.
fn fields(form: &str) -> Vec<String> {
    ::url::form_urlencoded::parse(form.as_bytes()).map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn a_job_logs_in_with_the_id_token_in_its_environment() {
    let t = job();
    patr_snapshot!(t.patr("login --oidc").env("PATR_ID_TOKEN", "e30.e30.c2ln\n"), @"
    exit code: 0
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    working in `acme`
    it is the job's login, good for 1h
    ");
    let sent = t.edge.sent();
    assert_eq!(
        fields(&sent[0].body),
        [
            "grant_type: urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type: urn:ietf:params:oauth:token-type:id_token",
            "subject_token: e30.e30.c2ln",
            "audience: acme",
        ]
    );
    assert_eq!((sent.len(), &sent[0].token), (1, &None));
    assert_eq!(t.edge.asked_once::<WhoAmI>().token.as_deref(), Some("patr_a_job"));
    let saved = t.config().join("credentials.json");
    assert!(std::fs::read_to_string(&saved).unwrap().contains("patr_a_job"));
    assert_eq!(mode(&saved).map(|mode| mode & 0o777), Some(0o600));
}

#[test]
fn a_job_of_github_asks_github_for_its_id_token() {
    let t = job();
    t.edge.says_at(GITHUB, 200, r#"{"count":1,"value":"e30.e30.c2ln"}"#);
    let url = format!("{}{GITHUB}?api-version=2.0", t.edge.url());
    let github = |line: &str| {
        t.patr(line)
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", &url)
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job")
            .run()
    };
    assert_eq!(github("login --oidc").code, 0);
    let sent = t.edge.sent();
    let audience: String = ::url::form_urlencoded::byte_serialize(t.edge.url().as_bytes()).collect();
    assert_eq!(sent[0].path, format!("{GITHUB}?api-version=2.0&audience={audience}"));
    assert_eq!(sent[0].token.as_deref(), Some("of-the-job"));
    assert!(fields(&sent[1].body).contains(&"subject_token: e30.e30.c2ln".to_owned()));
    assert_eq!(github("login --oidc --audience patr").code, 0);
    assert_eq!(t.edge.sent()[2].path, format!("{GITHUB}?api-version=2.0&audience=patr"));
}

#[test]
fn a_job_without_an_id_token_is_told_how_to_get_one() {
    let t = TestContext::logged_out().with("PATR_WORKSPACE", "acme");
    patr_snapshot!(t.patr("login --oidc"), @"
    exit code: 2
    ----- stderr -----
    error: there is no ID token here

    hint: on GitHub the job needs `permissions: id-token: write`; elsewhere put it into PATR_ID_TOKEN
    ");
    t.edge.says_at(GITHUB, 403, "");
    let url = format!("{}{GITHUB}", t.edge.url());
    let github = t
        .patr("login --oidc")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", &url)
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-another-job");
    patr_snapshot!(github, @"
    exit code: 1
    ----- stderr -----
    error: cannot ask GitHub for an ID token: [EDGE] answered 403 Forbidden
    ");
}

#[test]
fn a_job_that_is_not_trusted_is_told_why() {
    let t = TestContext::logged_out().with("PATR_WORKSPACE", "acme").with("PATR_ID_TOKEN", "e30.e30.c2ln");
    let refused = r#"{"error":"invalid_target","error_description":"no federation of this workspace is for this issuer and audience"}"#;
    t.edge.says_at(TOKEN, 400, refused);
    patr_snapshot!(t.patr("login --oidc"), @"
    exit code: 3
    ----- stderr -----
    error: no federation of this workspace is for this issuer and audience

    hint: `patr federation list` shows whose jobs the workspace trusts
    ");
    t.edge.says_at(TOKEN, 502, "<html>Bad Gateway</html>");
    patr_snapshot!(t.patr("login --oidc"), @"
    exit code: 1
    ----- stderr -----
    error: [EDGE] answered 502 Bad Gateway: this is no answer of an installation

    hint: something between here and the installation answers; try again later
    ");
    assert!(!t.config().join("credentials.json").exists());
}

#[test]
fn a_job_says_where_it_works() {
    let t = TestContext::logged_out().with("PATR_ID_TOKEN", "e30.e30.c2ln");
    patr_snapshot!(t.patr("login --oidc"), @"
    exit code: 2
    ----- stderr -----
    error: no workspace is chosen

    hint: run `patr workspace use NAME`, or give `--workspace NAME`; `patr workspace list` shows them
    ");
    patr_snapshot!(t.patr("login --oidc --email ada@example.com"), @"
    exit code: 2
    ----- stderr -----
    error: the argument '--oidc' cannot be used with '--email <EMAIL>'

    Usage: patr login --oidc --url <URL>

    For more information, try '--help'.
    ");
}
