use patr_models::{
    deployment::{
        Deployment, Outcome, Placement, Release, create, releases, scale,
        spec::{Mount, SecretUse},
        update,
    },
    endpoint::body::{Json, NoBody},
    internal::{Ended, Facts, ReleaseFact, record},
    page::ListQuery,
    secret, volume,
};

use super::*;
use crate::testing::{App, Caller, Outcome as Answered, code, refusal, spec};

fn uses(tag: &str, version: Option<u32>) -> WorkloadSpec {
    let used = SecretUse { secret: "db".parse().unwrap(), version };
    WorkloadSpec { secrets: [("DB".parse().unwrap(), used)].into(), ..spec(tag, &[]) }
}

fn mounts(tag: &str, read_only: bool) -> WorkloadSpec {
    let mount = Mount { volume: "data".parse().unwrap(), read_only, id: None, shared: false };
    WorkloadSpec { volumes: [("/data".parse().unwrap(), mount)].into(), ..spec(tag, &[]) }
}

fn create(caller: &Caller<'_>, name: &str, runner: &str, spec: WorkloadSpec) -> Answered<Deployment> {
    let (name, runner) = (name.parse().unwrap(), runner.parse().unwrap());
    let body = Json(create::Body {
        name,
        runners: vec![Placement::on(runner)],
        spec,
        replicas: None,
        autoscale: None,
    });
    let path = create::Path { workspace: caller.workspace() };
    caller.create::<create::CreateDeployment>(path, body).map(|made| made.0)
}

fn update(caller: &Caller<'_>, spec: WorkloadSpec) -> Answered<Deployment> {
    let path = update::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    let body = Json(update::Body { spec, runners: None, replicas: None, autoscale: None });
    caller.change::<update::UpdateDeployment>(path, body).map(|it| it.0)
}

fn scale(caller: &Caller<'_>, replicas: u32) -> Answered<Deployment> {
    let path = scale::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    let body = Json(scale::Body { replicas, autoscale: None });
    caller.change::<scale::ScaleDeployment>(path, body).map(|it| it.0)
}

fn roll_back(caller: &Caller<'_>, release: Option<u32>) -> Answered<Deployment> {
    let path = rollback::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.change::<RollBackDeployment>(path, Json(rollback::Body { release })).map(|it| it.0)
}

fn cancel(caller: &Caller<'_>) -> Answered<Deployment> {
    let path = cancel::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    caller.change::<CancelRollout>(path, NoBody).map(|it| it.0)
}

fn delete_secret(caller: &Caller<'_>) -> String {
    let path = secret::delete::Path { workspace: caller.workspace(), secret: "db".parse().unwrap() };
    code(caller.call::<secret::delete::DeleteSecret>(path, NoBody))
}

fn delete_volume(caller: &Caller<'_>) -> String {
    let path = volume::delete::Path { workspace: caller.workspace(), volume: "data".parse().unwrap() };
    code(caller.call::<volume::delete::DeleteVolume>(path, NoBody))
}

fn release(caller: &Caller<'_>, number: u32) -> Release {
    let path = releases::Path { workspace: caller.workspace(), deployment: "web".parse().unwrap() };
    let all = caller.list::<ListReleases, _>(path, ListQuery::default()).unwrap().items;
    all.into_iter().find(|release| release.number == number).unwrap()
}

fn version(deployment: &Deployment) -> Option<u32> {
    deployment.spec.secrets_used().next().unwrap().version
}

/// A release of `web` is live.
fn live(app: &App, deployment: &Deployment, release: u32) {
    let (deployment, runner) = (deployment.id, deployment.runners[0].runner);
    let fact = ReleaseFact { deployment, generation: 1, release, digest: None, ended: Some(Ended::Live) };
    let facts = Json(Facts { releases: vec![fact], ..Facts::default() });
    app.internal::<record::RecordFacts>(record::Path { runner }, facts).unwrap();
}

/// A workspace with a runner `box`.
fn owner(app: &App) -> Caller<'_> {
    let owner = app.owner("acme");
    owner.runner("box");
    owner
}

#[test]
fn a_release_keeps_the_version_that_it_was_made_with_and_a_rollback_brings_it_back() {
    let app = App::new();
    let owner = owner(&app);
    owner.secret("db", "one").unwrap();
    let made = create(&owner, "web", "box", uses("web:1", None)).unwrap();
    assert_eq!(version(&made), Some(1));
    live(&app, &made, 1);
    owner.secret("db", "two").unwrap();
    assert_eq!(version(&made), Some(1), "what runs goes on with what it was deployed with");
    assert_eq!(version(&update(&owner, uses("web:2", None)).unwrap()), Some(2));
    assert_eq!(version(&roll_back(&owner, None).unwrap()), Some(1));
    assert_eq!(version(&update(&owner, uses("web:3", Some(2))).unwrap()), Some(2));
}

#[test]
fn a_new_version_is_a_new_release_even_of_an_image_that_is_pinned() {
    let app = App::new();
    let owner = owner(&app);
    owner.secret("db", "one").unwrap();
    let pinned = uses(&format!("web@sha256:{}", "a".repeat(64)), None);
    create(&owner, "web", "box", pinned.clone()).unwrap();
    assert_eq!(update(&owner, pinned.clone()).unwrap().release, 1);
    owner.secret("db", "two").unwrap();
    assert_eq!(update(&owner, pinned).unwrap().release, 2);
}

#[test]
fn a_secret_that_is_not_there_is_named_and_a_strangers_is_not_there() {
    let app = App::new();
    let (owner, other) = (owner(&app), app.owner("other"));
    other.secret("db", "theirs").unwrap();
    let refused = refusal(create(&owner, "web", "box", uses("web:1", None)));
    assert_eq!(refused.code, "secret_not_found");
    assert!(refused.message.contains("secret `db`"), "{}", refused.message);
    owner.secret("db", "ours").unwrap();
    let refused = refusal(create(&owner, "web", "box", uses("web:1", Some(2))));
    assert!(refused.message.contains("version 2 of the secret `db`"), "{}", refused.message);
}

#[test]
fn a_rollback_to_a_release_whose_secret_was_deleted_is_refused() {
    let app = App::new();
    let owner = owner(&app);
    owner.secret("db", "one").unwrap();
    let made = create(&owner, "web", "box", uses("web:1", None)).unwrap();
    assert_eq!(delete_secret(&owner), "secret_in_use");
    live(&app, &made, 1);
    update(&owner, spec("web:2", &[])).unwrap();
    assert_eq!(delete_secret(&owner), "");
    owner.secret("db", "another").unwrap();
    let refused = refusal(roll_back(&owner, None));
    assert_eq!(refused.code, "secret_gone");
    assert!(refused.message.contains("version 1 of the secret `db`"), "{}", refused.message);
    assert_eq!(code(cancel(&owner)), "secret_gone");
}

#[test]
fn a_secret_that_is_deleted_between_reading_and_writing_is_not_found() {
    let app = App::new();
    let owner = owner(&app);
    owner.secret("db", "one").unwrap();
    app.sqlite.meanwhile("DELETE FROM secret_versions");
    assert_eq!(code(create(&owner, "web", "box", uses("web:1", None))), "secret_not_found");
    assert_eq!(app.last_audit(), "SetSecret");
}

#[test]
fn a_secret_that_comes_into_use_between_reading_and_deleting_stays() {
    let app = App::new();
    let owner = owner(&app);
    owner.secret("db", "one").unwrap();
    create(&owner, "web", "box", spec("web:1", &[])).unwrap();
    app.sqlite.meanwhile("INSERT INTO release_secrets SELECT d.id, 1, s.id, 1 FROM deployments d, secrets s");
    assert_eq!(delete_secret(&owner), "secret_in_use");
}

#[test]
fn a_volume_is_made_once_with_the_first_release_that_mounts_it() {
    let app = App::new();
    let owner = owner(&app);
    let id = |deployment: &Deployment| deployment.spec.volumes.values().next().unwrap().id.unwrap();
    let made = create(&owner, "web", "box", mounts("web:1", false)).unwrap();
    let again = update(&owner, mounts("web:2", false)).unwrap();
    let reader = create(&owner, "reader", "box", mounts("web:1", true)).unwrap();
    assert_eq!((id(&made), id(&made)), (id(&again), id(&reader)));
    assert_eq!(app.sqlite.rows("SELECT name FROM volumes"), [r#"{"name":"data"}"#]);
    assert_eq!(delete_volume(&owner), "volume_in_use");
}

#[test]
fn a_volume_that_is_made_between_reading_and_writing_is_taken() {
    let app = App::new();
    let owner = owner(&app);
    app.sqlite.meanwhile(
        "INSERT INTO volumes (id, workspace_id, runner_id, name, shared, created_at)
         SELECT 'vol_00000000000000000000000000', workspace_id, id, 'data', 1, 1 FROM runners",
    );
    let made = create(&owner, "web", "box", mounts("web:1", false)).unwrap();
    let mount = made.spec.volumes.values().next().unwrap();
    assert_eq!(
        (mount.id.unwrap().to_string().as_str(), mount.shared),
        ("vol_00000000000000000000000000", true)
    );
}

#[test]
fn a_volume_on_another_runner_is_elsewhere_and_one_that_is_being_copied_is_not_ready() {
    let app = App::new();
    let owner = owner(&app);
    owner.runner("attic");
    owner.volume("data", "attic", false).unwrap();
    let refused = refusal(create(&owner, "web", "box", mounts("web:1", false)));
    assert_eq!(refused.code, "volume_elsewhere");
    assert!(refused.message.contains("`data` is on the runner `attic`"), "{}", refused.message);
    app.sqlite.run("UPDATE volumes SET copying = 1");
    assert_eq!(code(create(&owner, "web", "attic", mounts("web:1", false))), "spec_invalid");
}

#[test]
fn more_than_one_writer_is_refused_however_it_would_come_about() {
    let app = App::new();
    let owner = owner(&app);
    let made = create(&owner, "web", "box", mounts("web:1", false)).unwrap();
    live(&app, &made, 1);
    let refused = refusal(scale(&owner, 2));
    assert_eq!(refused.code, "scale_invalid");
    assert!(refused.message.starts_with("replicas: "), "{}", refused.message);
    update(&owner, spec("web:2", &[])).unwrap();
    scale(&owner, 2).unwrap();
    assert_eq!(code(update(&owner, mounts("web:3", false))), "spec_invalid");
    assert_eq!(code(roll_back(&owner, None)), "scale_invalid");
    assert!(update(&owner, mounts("web:3", true)).is_ok());
}

#[test]
fn a_rollback_to_a_release_whose_volume_was_deleted_is_refused_though_another_has_its_name() {
    let app = App::new();
    let owner = owner(&app);
    let made = create(&owner, "web", "box", mounts("web:1", false)).unwrap();
    live(&app, &made, 1);
    update(&owner, spec("web:2", &[])).unwrap();
    assert_eq!(delete_volume(&owner), "");
    owner.volume("data", "box", false).unwrap();
    assert_eq!(code(roll_back(&owner, None)), "volume_gone");
}

#[test]
fn a_rollout_that_is_called_off_gives_way_to_the_release_that_serves() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    assert_eq!(code(cancel(&owner)), "nothing_to_go_back_to");
    live(&app, &made, 1);
    assert_eq!(code(cancel(&owner)), "no_rollout");
    update(&owner, spec("web:2", &[80])).unwrap();
    let back = cancel(&owner).unwrap();
    assert_eq!((back.release, back.generation), (1, 3));
    live(&app, &made, 2);
    assert_eq!(release(&owner, 2).outcome, Outcome::Cancelled { at: app.now.get() }, "an end is an end");
    assert_eq!(code(cancel(&owner)), "no_rollout");
}

#[test]
fn a_rollout_that_ends_before_it_is_called_off_has_ended() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.deploy("web", "box");
    live(&app, &made, 1);
    update(&owner, spec("web:2", &[80])).unwrap();
    app.sqlite.meanwhile("UPDATE releases SET outcome = 'live' WHERE number = 2");
    assert_eq!(code(cancel(&owner)), "no_rollout");
}

#[test]
fn a_release_says_who_made_it() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy("web", "box");
    assert_eq!(release(&owner, 1).created_by_email.as_deref(), Some("owner-of-acme@example.com"));
}
