//! `patr secret`.

use patr_models::{
    deployment::{
        Deployment, Status,
        get::GetDeployment,
        spec::{FileContent, FileSpec, SecretUse},
        update::UpdateDeployment,
    },
    endpoint::body::{Json, NoContent},
    error::Common,
    secret::{
        SecretValue,
        delete::{self, DeleteSecret},
        get::GetSecret,
        list::ListSecrets,
        set::{self, SetSecret},
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{deployment, failure, page, secret},
    terminal::Terminal,
};

fn not_found(name: &str) -> Common {
    Common::NotFound { noun: "secret".to_owned(), name: name.to_owned() }
}

/// A deployment with one variable and one file of the secret, and one of another.
fn using(secret: &str, version: u32) -> Deployment {
    let mut using = deployment("web");
    let used = |secret: &str| SecretUse { secret: secret.parse().unwrap(), version: Some(version) };
    using.spec.secrets = [("KEY", secret), ("OTHER", "other")]
        .map(|(name, secret)| (name.parse().unwrap(), used(secret)))
        .into();
    let file = FileSpec { content: FileContent::Secret(used(secret)), mode: None };
    using.spec.files = [("/key".parse().unwrap(), file)].into();
    using
}

fn text(t: &TestContext) -> SecretValue {
    t.edge.asked_once::<SetSecret>().call.body.0.value
}

#[test]
fn a_value_is_piped_in_and_shown_nowhere() {
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("api-key", &[])));
    patr_snapshot!(t.patr("secret set api-key").stdin("hunter2\n"), @"
    exit code: 0
    ----- stderr -----
    `api-key` has version 3
    ");
    assert_eq!(text(&t), SecretValue::Text("hunter2".to_owned()));
}

#[test]
fn setting_a_secret_as_json_answers_it_without_its_value() {
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("api-key", &[])));
    patr_snapshot!(t.patr("secret set api-key -q -o json").stdin("hunter2"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "name": "api-key",
      "version": 3,
      "used_by": [],
      "created_at": "2026-01-31T12:00:00.000Z",
      "updated_at": "2026-01-31T12:03:00.000Z"
    }
    "#);
}

#[test]
fn text_of_several_lines_keeps_its_end() {
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("pem", &[])));
    assert_eq!(t.patr("secret set pem").stdin("BEGIN\nEND\n").run().code, 0);
    assert_eq!(text(&t), SecretValue::Text("BEGIN\nEND\n".to_owned()));
}

#[test]
fn a_file_is_kept_byte_for_byte() {
    let t = TestContext::new();
    t.file("value", "one line\n");
    t.edge.answers::<SetSecret>(Json(secret("key", &[])));
    assert_eq!(t.patr("secret set key --from-file value").run().code, 0);
    assert_eq!(text(&t), SecretValue::Text("one line\n".to_owned()));
}

#[test]
fn on_a_terminal_the_value_is_asked_for_and_not_shown() {
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("key", &[])));
    let mut terminal = Terminal::open(80, 24);
    let mut patr = t.patr("secret set key").on(&terminal);
    let child = patr.start();
    terminal.hides_what_is_typed();
    terminal.types("hunter2\n");
    let ran = patr.ended(child);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "`key` has version 3\n"));
    assert_eq!(text(&t), SecretValue::Text("hunter2".to_owned()));
    terminal.types("\n");
    assert!(!terminal.shows("\n\r\n").contains("hunter2"));
}

#[test]
fn a_value_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("secret set key").stdin("\n"), @"
    exit code: 2
    ----- stderr -----
    error: the value is empty
    ");
    patr_snapshot!(t.patr("secret set key --from-file absent"), @"
    exit code: 2
    ----- stderr -----
    error: absent: No such file or directory (os error 2)
    ");
    t.file("large", &"x".repeat(50_000));
    patr_snapshot!(t.patr("secret set key --from-file large"), @"
    exit code: 2
    ----- stderr -----
    error: the value is longer than a secret may be (48.0 KiB)
    ");
    patr_snapshot!(t.patr("secret set key hunter2"), @"
    exit code: 2
    ----- stderr -----
    error: unexpected argument 'hunter2' found

    Usage: patr secret set [OPTIONS] <NAME>

    For more information, try '--help'.
    ");
}

#[test]
fn what_the_server_refuses_is_shown_in_its_words() {
    let t = TestContext::new();
    t.edge.refuses::<SetSecret>(&set::Error::TooManySecrets { max: 1000 });
    patr_snapshot!(t.patr("secret set key").stdin("x"), @"
    exit code: 1
    ----- stderr -----
    error: a workspace has at most 1000 secrets
    ");
}

#[test]
fn deployments_that_use_an_older_version_are_named() {
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("key", &[("web", 2), ("api", 3), ("db", 1)])));
    patr_snapshot!(t.patr("secret set key").stdin("x"), @"
    exit code: 0
    ----- stderr -----
    `key` has version 3
    hint: `web`, `db` go on with an older version: `patr secret roll-out key` brings the new one
    ");
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("key", &[("web", 2)])));
    patr_snapshot!(t.patr("secret set key").stdin("x"), @"
    exit code: 0
    ----- stderr -----
    `key` has version 3
    hint: `web` goes on with an older version: `patr secret roll-out key` brings the new one
    ");
}

#[test]
fn rolling_out_makes_a_release_with_the_newest_version_and_watches_it() {
    let t = TestContext::new();
    t.edge.answers::<SetSecret>(Json(secret("key", &[("web", 2), ("api", 3)])));
    t.edge.answers::<GetDeployment>(Json(using("key", 2)));
    t.edge.answers::<UpdateDeployment>(Json(using("key", 3)));
    t.edge.rolls_out([Status::Live { ready: 2 }]);
    patr_snapshot!(t.patr("secret set key --roll-out").stdin("x"), @"
    exit code: 0
    ----- stderr -----
    `key` has version 3
    `web` gets version 3 of `key` with release 3
    `web` is live: release 3, 2 replicas
    ");

    let call = t.edge.asked_once::<UpdateDeployment>().call;
    assert_eq!(call.headers.if_match.unwrap().as_str(), "\"7\"");
    let versions = call.body.0.spec.secrets_used().map(|used| (used.secret.to_string(), used.version));
    let wanted = [("key", None), ("other", Some(2)), ("key", None)];
    assert_eq!(versions.collect::<Vec<_>>(), wanted.map(|(name, version)| (name.to_owned(), version)));
}

#[test]
fn a_value_that_is_wrong_stops_at_the_first_deployment() {
    let t = TestContext::new();
    t.edge.answers::<GetSecret>(Json(secret("key", &[("web", 2), ("api", 2), ("db", 1)])));
    t.edge.answers::<GetDeployment>(Json(using("key", 2)));
    t.edge.answers::<UpdateDeployment>(Json(using("key", 3)));
    t.edge.rolls_out([Status::Failed { failure: failure(&["wrong key"]), serving: Some(2) }]);
    patr_snapshot!(t.patr("secret roll-out key"), @"
    exit code: 1
    ----- stderr -----
    `web` gets version 3 of `key` with release 3
    error: release 3 of `web` failed: it ended with exit code 3

    the last lines that it wrote:
      wrong key

    release 2 goes on serving
    not begun: `api`, `db`

    hint: repair it and run `patr deploy` again
    ");
}

#[test]
fn a_change_that_somebody_else_made_first_is_built_upon() {
    let t = TestContext::new();
    t.edge.answers::<GetSecret>(Json(secret("key", &[("web", 2)])));
    t.edge.answers::<GetDeployment>(Json(using("key", 2)));
    t.edge.refuses_commonly::<UpdateDeployment>(&Common::Stale { current: "8".to_owned() });
    t.edge.answers::<UpdateDeployment>(Json(using("key", 3)));
    assert_eq!(t.patr("secret roll-out key --no-wait").run().code, 0);
    assert_eq!(t.edge.asked::<GetDeployment>().len(), 2, "it is read again");
}

#[test]
fn when_everything_is_at_the_newest_version_nothing_happens() {
    let t = TestContext::new();
    t.edge.answers::<GetSecret>(Json(secret("key", &[("web", 3)])));
    patr_snapshot!(t.patr("secret roll-out key"), @"
    exit code: 0
    ----- stderr -----
    no deployment uses an older version of `key`
    ");
}

#[test]
fn listing_secrets() {
    let t = TestContext::new();
    t.edge.answers::<ListSecrets>(page(vec![secret("key", &[("web", 2), ("api", 3)]), secret("pem", &[])]));
    patr_snapshot!(t.patr("secret list"), @"
    exit code: 0
    ----- stdout -----
    NAME  VERSION  SET                   USED BY
    key   3        2026-01-31 12:03:00Z  web@2 api@3
    pem   3        2026-01-31 12:03:00Z  -
    ");
    patr_snapshot!(t.patr("secret list -o json --limit 1"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "name": "key",
          "version": 3,
          "used_by": [
            {
              "deployment": "web",
              "version": 2
            },
            {
              "deployment": "api",
              "version": 3
            }
          ],
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:03:00.000Z"
        },
        {
          "name": "pem",
          "version": 3,
          "used_by": [],
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:03:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn a_workspace_without_secrets_says_how_to_make_one() {
    let t = TestContext::new();
    t.edge.answers::<ListSecrets>(page(vec![]));
    patr_snapshot!(t.patr("secret list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr secret set NAME` makes one
    ");
}

#[test]
fn showing_a_secret() {
    let t = TestContext::new();
    t.edge.answers::<GetSecret>(Json(secret("key", &[("web", 2)])));
    patr_snapshot!(t.patr("secret show key"), @"
    exit code: 0
    ----- stdout -----
    name     key
    version  3
    used by  web@2
    set      2026-01-31 12:03:00Z
    created  2026-01-31 12:00:00Z
    ");
}

#[test]
fn a_slip_in_a_name_suggests_the_secret() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetSecret>(&not_found("kye"));
    t.edge.answers::<ListSecrets>(page(vec![secret("key", &[])]));
    patr_snapshot!(t.patr("secret show kye"), @"
    exit code: 4
    ----- stderr -----
    error: there is no secret `kye` here

    hint: did you mean `key`?
    ");
}

#[test]
fn deleting_a_secret() {
    let t = TestContext::new();
    t.edge.answers::<DeleteSecret>(NoContent);
    patr_snapshot!(t.patr("secret delete key"), @"
    exit code: 0
    ----- stderr -----
    deleted the secret `key`
    ");
}

#[test]
fn a_secret_that_is_used_stays() {
    let t = TestContext::new();
    t.edge.refuses::<DeleteSecret>(&delete::Error::SecretInUse { deployment: "web".parse().unwrap() });
    patr_snapshot!(t.patr("secret delete key"), @"
    exit code: 1
    ----- stderr -----
    error: the deployment `web` uses it

    hint: deploy `web` without it first
    ");
}
