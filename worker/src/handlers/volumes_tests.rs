use patr_models::{
    deployment::{self, Placement, spec::Mount},
    endpoint::{body::NoBody, headers::Once},
    ids::{RunnerId, SnapshotId},
    internal::{Facts, desired, record},
    page::ListQuery,
    runner::Connection,
    time::Millis,
    volume::{
        VolumeSnapshot, VolumeState,
        copy::{self as copying, CopyVolume},
        create_snapshot, delete_snapshot, get, list, list_snapshots, restore,
    },
    wire::{ObservedVolume, Report, Snapshot, VolumeWork},
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, named, pages, refusal, spec};

fn get(caller: &Caller<'_>, name: &str) -> Outcome<Volume> {
    let path = get::Path { workspace: caller.workspace(), volume: name.parse().unwrap() };
    caller.get::<GetVolume>(path).map(|got| got.0)
}

fn delete(caller: &Caller<'_>, name: &str) -> Outcome<NoContent> {
    let path = delete::Path { workspace: caller.workspace(), volume: name.parse().unwrap() };
    caller.call::<DeleteVolume>(path, NoBody)
}

fn snapshot(caller: &Caller<'_>) -> Outcome<VolumeSnapshot> {
    let path = create_snapshot::Path { workspace: caller.workspace(), volume: "data".parse().unwrap() };
    caller.create::<create_snapshot::CreateSnapshot>(path, NoBody).map(|made| made.0)
}

fn snapshots(caller: &Caller<'_>) -> Vec<SnapshotId> {
    let path = list_snapshots::Path { workspace: caller.workspace(), volume: "data".parse().unwrap() };
    let list =
        |query: ListQuery| caller.list::<list_snapshots::ListSnapshots, _>(path.clone(), query).unwrap();
    let mut ids = pages(list, |snapshot| snapshot.id);
    ids.reverse();
    ids
}

fn forget(caller: &Caller<'_>, snapshot: SnapshotId) -> Outcome<NoContent> {
    let (workspace, volume) = (caller.workspace(), "data".parse().unwrap());
    let path = delete_snapshot::Path { workspace, volume, snapshot };
    caller.call::<delete_snapshot::DeleteSnapshot>(path, NoBody)
}

fn restore(caller: &Caller<'_>, snapshot: SnapshotId) -> Outcome<NoContent> {
    let path = restore::Path { workspace: caller.workspace(), volume: "data".parse().unwrap() };
    caller.call::<restore::RestoreVolume>(path, Json(restore::Body { snapshot }))
}

fn desired(app: &App, runner: RunnerId) -> Snapshot {
    let passed = app.internal::<desired::GetDesired>(desired::Path { runner }, NoBody).unwrap().0;
    serde_json::from_value(passed.into()).unwrap()
}

fn record(app: &App, runner: RunnerId, facts: Facts) {
    app.internal::<record::RecordFacts>(record::Path { runner }, Json(facts)).unwrap();
}

/// A runner is there, and says that it has these volumes.
fn online(app: &App, runner: RunnerId, volumes: &[VolumeId]) {
    let connection =
        Connection::Online { since: Millis(1), agent: "1".to_owned(), host: None, clock_skew_ms: 0 };
    let volumes = volumes.iter().map(|&id| ObservedVolume { id, bytes: Some(42) }).collect();
    let report = Some(Report { volumes, ..Report::default() });
    app.objects.observe(runner, Observed { version: 1, connection, reported_at: None, report });
}

/// A workspace with a runner `box` and a volume `data` on it.
fn owner(app: &App) -> (Caller<'_>, Volume) {
    let owner = app.owner("acme");
    owner.runner("box");
    let data = owner.volume("data", "box", false).unwrap();
    (owner, data)
}

#[test]
fn a_volume_is_waited_for_then_ready_and_missing_when_its_runner_has_lost_it() {
    let app = App::new();
    let (owner, data) = owner(&app);
    assert_eq!(data.state, VolumeState::Waiting);
    let before = desired(&app, data.runner);
    assert!(!before.volumes[0].made);
    online(&app, data.runner, &[data.id]);
    record(&app, data.runner, Facts { volumes: vec![data.id], ..Facts::default() });
    let ready = get(&owner, "data").unwrap();
    assert_eq!((ready.state, ready.bytes), (VolumeState::Ready, Some(42)));
    let after = desired(&app, data.runner);
    assert!(
        after.volumes[0].made && after.revision > before.revision,
        "an empty one must not be made in its place"
    );
    record(&app, data.runner, Facts { volumes: vec![data.id], ..Facts::default() });
    assert_eq!(desired(&app, data.runner).revision, after.revision, "that was known");
    online(&app, data.runner, &[]);
    assert_eq!(get(&owner, "data").unwrap().state, VolumeState::Missing);
}

#[test]
fn a_runner_says_nothing_about_the_volumes_of_another() {
    let app = App::new();
    let (owner, data) = owner(&app);
    let other = owner.runner("other").runner.id;
    let before = app.sqlite.dump();
    record(&app, other, Facts { volumes: vec![data.id], ..Facts::default() });
    assert_eq!(app.sqlite.dump(), before);
}

#[test]
fn a_deleted_volume_is_buried_until_its_runner_has_removed_it() {
    let app = App::new();
    let (owner, data) = owner(&app);
    delete(&owner, "data").unwrap();
    assert_eq!(
        (code(get(&owner, "data")), code(delete(&owner, "data"))),
        ("not_found".into(), "not_found".into())
    );
    let snapshot = desired(&app, data.runner);
    assert_eq!((snapshot.volumes.len(), snapshot.buried_volumes.as_slice()), (0, &[data.id][..]));
    let other = owner.runner("other").runner.id;
    record(&app, other, Facts { gone_volumes: vec![data.id], ..Facts::default() });
    assert_eq!(desired(&app, data.runner).buried_volumes, [data.id]);
    record(&app, data.runner, Facts { gone_volumes: vec![data.id], ..Facts::default() });
    assert_eq!(desired(&app, data.runner).buried_volumes, []);
}

#[test]
fn a_name_is_taken_once_in_a_workspace_and_means_nothing_in_another() {
    let app = App::new();
    let (owner, _) = owner(&app);
    let other = app.owner("other");
    other.runner("box");
    assert_eq!(code(owner.volume("data", "box", true)), "name_taken");
    assert_eq!(code(owner.volume("more", "nowhere", true)), "runner_not_found");
    assert_eq!(code(get(&other, "data")), "not_found");
    assert_eq!(code(get(&other.in_workspace("acme"), "data")), "not_found");
    assert!(other.volume("data", "box", false).is_ok());
}

#[test]
fn a_list_goes_on_page_by_page_and_filters_by_name() {
    let app = App::new();
    let (owner, data) = owner(&app);
    for name in ["one", "two", "three", "four"] {
        owner.volume(name, "box", false).unwrap();
    }
    let path = list::Path { workspace: owner.workspace() };
    let list = |query| owner.list::<ListVolumes, _>(path.clone(), query).unwrap();
    assert_eq!(pages(list, |volume| volume.name.to_string()).len(), 5);
    let before = app.objects.looks(data.runner);
    assert_eq!(list(named("ne")).items.len(), 1);
    assert_eq!(app.objects.looks(data.runner), before + 1, "each session is asked once");
}

#[test]
fn a_runner_with_a_volume_stays_and_so_does_its_workspace() {
    let app = App::new();
    let (owner, _) = owner(&app);
    let delete_runner = || owner.raw(http::Method::DELETE, "/api/v1/workspaces/acme/runners/box", "").code();
    assert_eq!(delete_runner(), "runner_has_volumes");
    let refused = owner.raw(http::Method::DELETE, "/api/v1/workspaces/acme", "").error();
    assert!(refused.message.contains("1 runners, 1 volumes"), "{}", refused.message);
    delete(&owner, "data").unwrap();
    assert_eq!(delete_runner(), "");
}

#[test]
fn a_snapshot_is_made_by_the_runner_listed_newest_first_and_forgotten_there() {
    let app = App::new();
    let (owner, data) = owner(&app);
    let mut made = Vec::new();
    for _ in 0..3 {
        app.pass(std::time::Duration::from_secs(1));
        let snapshot = snapshot(&owner).unwrap();
        assert_eq!(snapshot.bytes, 7);
        made.push(snapshot.id);
    }
    assert_eq!(app.objects.take_worked()[0], VolumeWork::Snapshot { volume: data.id, snapshot: made[0] });
    assert_eq!(snapshots(&owner), made);
    forget(&owner, made[1]).unwrap();
    assert_eq!(app.objects.take_worked(), [VolumeWork::Forget { snapshot: made[1] }]);
    assert_eq!(snapshots(&owner), [made[0], made[2]]);
    assert_eq!(code(forget(&owner, made[1])), "not_found");
}

#[test]
fn work_goes_through_the_lane_that_is_up_and_a_runner_without_one_is_away() {
    let app = App::new();
    let (owner, _) = owner(&app);
    app.objects.lanes_down(1);
    assert!(snapshot(&owner).is_ok());
    app.objects.lanes_down(2);
    let refused = refusal(snapshot(&owner));
    assert_eq!(refused.code, "runner_away");
    assert!(refused.message.contains("`box`"), "{}", refused.message);
    assert_eq!(snapshots(&owner).len(), 1);
}

#[test]
fn what_a_runner_refuses_is_told_in_its_words_and_changes_nothing() {
    let app = App::new();
    let (owner, _) = owner(&app);
    let made = snapshot(&owner).unwrap().id;
    app.objects.refuse("the disk is full\n");
    for answered in
        [snapshot(&owner).map(|_| ()), restore(&owner, made).map(|_| ()), forget(&owner, made).map(|_| ())]
    {
        let refused = refusal(answered);
        assert_eq!(refused.code, "volume_trouble");
        assert!(refused.message.ends_with("the disk is full"), "{}", refused.message);
    }
    assert_eq!(snapshots(&owner), [made]);
    assert_eq!(app.last_audit(), "CreateSnapshot");
}

#[test]
fn a_snapshot_that_cannot_be_written_down_is_not_left_on_the_runner() {
    let app = App::new();
    let (owner, _) = owner(&app);
    app.sqlite.meanwhile("DELETE FROM volumes");
    assert_eq!(code(snapshot(&owner)), "not_found");
    let worked = app.objects.take_worked();
    assert!(
        matches!(worked[..], [VolumeWork::Snapshot { snapshot: made, .. }, VolumeWork::Forget { snapshot }] if made == snapshot)
    );
}

#[test]
fn a_volume_is_restored_only_while_nothing_runs_with_it() {
    let app = App::new();
    let (owner, data) = owner(&app);
    let made = snapshot(&owner).unwrap().id;
    let mount = Mount { volume: "data".parse().unwrap(), read_only: false, id: None, shared: false };
    let mut web = spec("web:1", &[]);
    web.volumes.insert("/data".parse().unwrap(), mount);
    let path = deployment::create::Path { workspace: owner.workspace() };
    let (name, runner) = ("web".parse().unwrap(), "box".parse().unwrap());
    let body = deployment::create::Body {
        name,
        runners: vec![Placement::on(runner)],
        spec: web,
        replicas: None,
        autoscale: None,
    };
    owner.create::<deployment::create::CreateDeployment>(path, Json(body)).unwrap();
    assert_eq!(get(&owner, "data").unwrap().used_by, ["web".parse().unwrap()]);
    assert_eq!(code(restore(&owner, made)), "volume_in_use");
    owner.raw(http::Method::POST, "/api/v1/workspaces/acme/deployments/web/stop", "");
    app.objects.take_worked();
    restore(&owner, made).unwrap();
    assert_eq!(app.objects.take_worked(), [VolumeWork::Restore { volume: data.id, snapshot: made }]);
    assert_eq!(app.last_audit(), "RestoreVolume");
    assert_eq!(code(restore(&owner, "snap_00000000000000000000000000".parse().unwrap())), "no_such_snapshot");
}

#[test]
fn a_copy_whose_runner_is_away_or_does_not_make_it_leaves_nothing() {
    let app = App::new();
    let (owner, data) = owner(&app);
    let attic = owner.runner("attic").runner.id;
    let copy = || {
        let path = copying::Path { workspace: owner.workspace(), volume: "data".parse().unwrap() };
        let (name, runner) = ("twin".parse().unwrap(), Some("attic".parse().unwrap()));
        let body = Json(copying::Body { name, runner, snapshot: None });
        code(owner.send(Call::<CopyVolume> {
            path,
            query: patr_models::endpoint::NoQuery {},
            headers: Once::NONE,
            body,
        }))
    };
    assert_eq!(copy(), "runner_away");
    online(&app, attic, &[]);
    assert_eq!(copy(), "volume_trouble");
    assert_eq!(code(get(&owner, "twin")), "not_found");
    assert_eq!(desired(&app, attic).buried_volumes.len(), 2, "should they have been made after all");
    assert_eq!(desired(&app, data.runner).buried_volumes, []);
}
