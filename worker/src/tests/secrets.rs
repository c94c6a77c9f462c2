//! The value of a secret is nowhere but where it is needed, and only there in the clear.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Method;
use patr_models::{
    deployment::{Placement, WorkloadSpec, create, spec::SecretUse},
    endpoint::body::{Json, NoBody},
    ids::RunnerId,
    internal::desired,
    routes::Route,
    runner::connect::PublicKey,
    secret::Secrets,
    wire::Snapshot,
};

use super::installation::Installation;
use crate::{
    platform::LOG,
    testing::{App, Caller, spec},
    vault::{Key, Keyring},
};

const CANARY: &str = "canary-5b0c1d";

/// The half of a runner's key that never leaves its machine.
fn own() -> crypto_box::SecretKey {
    crypto_box::SecretKey::from([7; 32])
}

/// A runner `box` whose key is known, with a deployment `web` that uses the secret `db`; answers the runner.
fn deployed(owner: &Caller<'_>) -> RunnerId {
    let runner = owner.runner("box");
    connect(&owner.with_token(runner.token), &own());
    let used = SecretUse::newest("db".parse().unwrap());
    let secrets = [("DB".parse().unwrap(), used)].into();
    deploy(owner, "web", WorkloadSpec { secrets, ..spec("web:1", &[]) });
    runner.runner.id
}

fn deploy(owner: &Caller<'_>, name: &str, spec: WorkloadSpec) {
    let (name, runner) = (name.parse().unwrap(), "box".parse().unwrap());
    let body = Json(create::Body {
        name,
        runners: vec![Placement::on(runner)],
        spec,
        replicas: None,
        autoscale: None,
    });
    let path = create::Path { workspace: owner.workspace() };
    owner.create::<create::CreateDeployment>(path, body).unwrap();
}

/// An agent says its key. There are no sockets here to go on with.
fn connect(runner: &Caller<'_>, key: &crypto_box::SecretKey) {
    let key = PublicKey::from_bytes(key.public_key().to_bytes()).to_string();
    runner.with_headers(Method::GET, "/api/v1/runner/session", &[("patr-runner-key", &key)], "");
}

fn desired(app: &App, runner: RunnerId) -> Snapshot {
    let passed = app.internal::<desired::GetDesired>(desired::Path { runner }, NoBody).unwrap().0;
    serde_json::from_value(passed.into()).unwrap()
}

/// The values of a deployment in a snapshot, as the runner opens them.
fn opened(snapshot: &Snapshot, name: &str) -> Option<Secrets> {
    let open = |sealed: &String| {
        let bytes = own().unseal(&STANDARD.decode(sealed).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let deployment = snapshot.deployments.iter().find(|deployment| deployment.name.as_str() == name);
    deployment.unwrap().sealed.as_ref().map(open)
}

#[test]
fn a_runner_gets_exactly_what_its_deployments_name() {
    let app = App::new();
    let owner = app.owner("acme");
    for value in [CANARY, "newer"] {
        owner.secret("other", value).unwrap();
    }
    owner.secret("db", CANARY).unwrap();
    let runner = deployed(&owner);
    owner.secret("db", "newer").unwrap();
    deploy(&owner, "plain", spec("web:1", &[]));
    let snapshot = desired(&app, runner);
    let name = "db".parse().unwrap();
    let secrets = opened(&snapshot, "web").unwrap();
    assert_eq!(secrets.get(&name, 1).unwrap(), CANARY.as_bytes());
    assert_eq!((secrets.values().count(), opened(&snapshot, "plain")), (1, None));
}

#[test]
fn a_key_is_written_down_when_it_differs_and_moves_the_revision_then() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.secret("db", CANARY).unwrap();
    let runner = owner.runner("box");
    let agent = owner.with_token(runner.token);
    let revision = || desired(&app, runner.runner.id).revision;
    let before = revision();
    connect(&agent, &own());
    assert_eq!(revision(), before + 1);
    connect(&agent, &own());
    assert_eq!(revision(), before + 1);
    connect(&agent, &crypto_box::SecretKey::from([8; 32]));
    assert_eq!(revision(), before + 2);
    let refused = agent.with_headers(Method::GET, "/api/v1/runner/session", &[("patr-runner-key", "ab")], "");
    assert_eq!(refused.code(), "invalid_request");
}

#[test]
fn a_runner_without_a_key_gets_no_secrets() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.secret("db", CANARY).unwrap();
    let runner = deployed(&owner);
    app.sqlite.run("UPDATE runners SET public_key = NULL");
    assert_eq!(opened(&desired(&app, runner), "web"), None);
}

#[test]
fn rows_in_each_others_places_do_not_open_and_the_rest_of_the_snapshot_comes() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.secret("db", "first").unwrap();
    owner.secret("db", CANARY).unwrap();
    let runner = deployed(&owner);
    deploy(&owner, "plain", spec("web:1", &[]));
    assert!(opened(&desired(&app, runner), "web").is_some());
    app.sqlite.run(
        "UPDATE secret_versions SET value = (SELECT value FROM secret_versions o WHERE o.version = 3 - secret_versions.version)
         WHERE version = 2",
    );
    LOG.take();
    let snapshot = desired(&app, runner);
    assert_eq!((snapshot.deployments.len(), opened(&snapshot, "web")), (2, None));
    let log = LOG.take().join("\n");
    assert!(log.contains("does not open") && log.contains(" db 2"), "{log}");
}

#[test]
fn with_another_key_of_the_installation_nothing_opens_and_the_log_names_it() {
    let mut app = App::new();
    let runner = {
        let owner = app.owner("acme");
        owner.secret("db", CANARY).unwrap();
        deployed(&owner)
    };
    for key in [Key::from_hex(&"0".repeat(64)), None] {
        app.settings.secrets_keys = key.map(|current| Keyring { current, former: None });
        LOG.take();
        assert_eq!(opened(&desired(&app, runner), "web"), None);
        let log = LOG.take().join("\n");
        assert!(log.contains("PATR_SECRETS_KEY"), "{log}");
    }
}

#[test]
fn the_key_of_the_installation_is_replaced_while_everything_opens() {
    let mut app = App::new();
    let runner = {
        let owner = app.owner("acme");
        owner.secret("db", CANARY).unwrap();
        deployed(&owner)
    };
    let (former, current) = (app.settings.secrets_keys.take().unwrap().current, Key::random().unwrap());
    app.settings.secrets_keys = Some(Keyring { current: current.clone(), former: Some(former) });
    assert!(opened(&desired(&app, runner), "web").is_some(), "before the sweep");
    app.sweep();
    LOG.take();
    app.sweep();
    assert!(LOG.take().join("\n").contains("PATR_SECRETS_KEY_FORMER is not needed any more"));
    app.settings.secrets_keys = Some(Keyring { current, former: None });
    assert!(opened(&desired(&app, runner), "web").is_some(), "without the former key");
}

#[test]
fn a_value_is_in_no_row_no_answer_and_no_line_of_the_log() {
    let app = App::new();
    let installation = Installation::new(&app);
    let owner = &installation.owner;
    let path = "/api/v1/workspaces/acme/secrets/db";
    let text = format!(r#"{{"value":{{"text":"{CANARY}"}}}}"#);
    let encoded = format!(r#"{{"value":{{"base64":"{}"}}}}"#, STANDARD.encode(CANARY));
    let wrong = format!(r#"{{"value":"{CANARY}"}}"#);
    let mut answers: Vec<Bytes> = Vec::new();
    for body in [text, encoded, wrong] {
        answers.push(owner.raw(Method::PUT, path, body).body().clone());
    }
    owner.raw(Method::DELETE, "/api/v1/workspaces/acme/deployments/web", "");
    owner.raw(Method::DELETE, "/api/v1/workspaces/acme/volumes/data", "");
    owner.raw(Method::DELETE, "/api/v1/workspaces/acme/runners/box", "");
    let runner = deployed(owner);
    let snapshot = desired(&app, runner);
    assert!(opened(&snapshot, "web").is_some(), "or this looks for what is not there");
    answers.push(serde_json::to_vec(&snapshot).unwrap().into());
    for &route in Route::ALL.iter().filter(|route| route.method() == Method::GET) {
        if !super::installation::streams(route) {
            answers.push(installation.send(route, &[]).body().clone());
        }
    }
    for forms in [CANARY.to_owned(), STANDARD.encode(CANARY)] {
        let holds = |bytes: &[u8]| bytes.windows(forms.len()).any(|window| window == forms.as_bytes());
        assert!(answers.iter().all(|answer| !holds(answer)));
        assert!(app.sqlite.dump().iter().all(|row| !holds(row.as_bytes())));
        assert!(LOG.take().iter().all(|line| !holds(line.as_bytes())));
    }
}
