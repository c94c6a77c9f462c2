//! `patr volume`.

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    ids::Ref,
    runner::list::ListRunners,
    volume::{
        Volume, VolumeState,
        archive::{self, ReadVolume},
        copy::{self, CopyVolume},
        create::{self, CreateVolume},
        create_snapshot::{self, CreateSnapshot},
        delete::{self, DeleteVolume},
        delete_snapshot::DeleteSnapshot,
        get::GetVolume,
        list::ListVolumes,
        list_snapshots::ListSnapshots,
        restore::{self, RestoreVolume},
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    edge::Answer,
    sample::{at, id, page, runner, snapshot, volume},
    terminal::Terminal,
};

const SNAPSHOT: &str = "snap_00000000000000000000000001";

/// An archive with nothing in it but its end.
fn archive() -> String {
    "\0".repeat(1024)
}

#[test]
fn making_a_volume() {
    let t = TestContext::new();
    t.edge.answers::<CreateVolume>(Created(Volume {
        state: VolumeState::Waiting,
        bytes: None,
        used_by: vec![],
        ..volume(1, "data")
    }));
    patr_snapshot!(t.patr("volume create data --runner home --shared"), @"
    exit code: 0
    ----- stdout -----
    name     data
    id       vol_00000000000000000000000001
    state    waiting: its runner has not made it yet
    runner   home
    size     -
    writers  one at a time
    used by  -
    created  2026-01-31 12:00:00Z
    ----- stderr -----
    made the volume `data` on the runner `home`
    ");
    let body = t.edge.asked_once::<CreateVolume>().call.body.0;
    assert_eq!((body.runner.to_string().as_str(), body.shared), ("home", true));
}

#[test]
fn the_only_runner_need_not_be_named() {
    let t = TestContext::new();
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home")]));
    t.edge.answers::<CreateVolume>(Created(volume(1, "data")));
    assert_eq!(t.patr("volume create data").run().code, 0);
    assert_eq!(t.edge.asked_once::<CreateVolume>().call.body.0.runner, Ref::Id(id(1)));
}

#[test]
fn a_volume_is_made_once() {
    let t = TestContext::new();
    t.edge.refuses::<CreateVolume>(&create::Error::NameTaken { name: "data".parse().unwrap() });
    patr_snapshot!(t.patr("volume create data --runner home"), @"
    exit code: 1
    ----- stderr -----
    error: a volume named `data` already exists in this workspace
    ");
}

#[test]
fn an_unknown_runner_suggests_one() {
    let t = TestContext::new();
    t.edge.refuses::<CreateVolume>(&create::Error::RunnerNotFound { runner: "hoem".to_owned() });
    t.edge.answers::<ListRunners>(page(vec![runner(1, "home")]));
    patr_snapshot!(t.patr("volume create data --runner hoem"), @"
    exit code: 4
    ----- stderr -----
    error: runner: there is no runner `hoem` in this workspace

    hint: did you mean `home`?
    ");
}

#[test]
fn listing_volumes() {
    let t = TestContext::new();
    let missing = Volume { state: VolumeState::Missing, ..volume(2, "lost") };
    let unknown =
        Volume { state: VolumeState::Unknown { since: at(9) }, used_by: vec![], ..volume(3, "far") };
    t.edge.answers::<ListVolumes>(page(vec![volume(1, "data"), missing, unknown]));
    patr_snapshot!(t.patr("volume list"), @"
    exit code: 0
    ----- stdout -----
    NAME  STATE                               SIZE      RUNNER  USED BY
    data  ready                               12.0 MiB  home    db
    lost  missing: its runner has lost it     12.0 MiB  home    db
    far   unknown since 2026-01-31 12:09:00Z  12.0 MiB  home    -
    ");
    patr_snapshot!(t.patr("volume list -o json --limit 1"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "vol_00000000000000000000000001",
          "name": "data",
          "runner": "run_00000000000000000000000001",
          "runner_name": "home",
          "shared": false,
          "state": {
            "state": "ready"
          },
          "bytes": 12582912,
          "used_by": [
            "db"
          ],
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "vol_00000000000000000000000002",
          "name": "lost",
          "runner": "run_00000000000000000000000001",
          "runner_name": "home",
          "shared": false,
          "state": {
            "state": "missing"
          },
          "bytes": 12582912,
          "used_by": [
            "db"
          ],
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "vol_00000000000000000000000003",
          "name": "far",
          "runner": "run_00000000000000000000000001",
          "runner_name": "home",
          "shared": false,
          "state": {
            "state": "unknown",
            "since": "2026-01-31T12:09:00.000Z"
          },
          "bytes": 12582912,
          "used_by": [],
          "created_at": "2026-01-31T12:00:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn a_workspace_without_volumes_says_how_to_make_one() {
    let t = TestContext::new();
    t.edge.answers::<ListVolumes>(page(vec![]));
    patr_snapshot!(t.patr("volume list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr volume create NAME` makes one, and so does `patr deploy --volume`
    ");
}

#[test]
fn showing_a_volume() {
    let t = TestContext::new();
    t.edge.answers::<GetVolume>(Json(volume(1, "data")));
    patr_snapshot!(t.patr("volume show data"), @"
    exit code: 0
    ----- stdout -----
    name     data
    id       vol_00000000000000000000000001
    state    ready
    runner   home
    size     12.0 MiB
    writers  one at a time
    used by  db
    created  2026-01-31 12:00:00Z
    ");
}

#[test]
fn a_slip_in_a_name_suggests_the_volume() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "volume".to_owned(), name: "dta".to_owned() };
    t.edge.refuses_commonly::<GetVolume>(&missing);
    t.edge.answers::<ListVolumes>(page(vec![volume(1, "data")]));
    patr_snapshot!(t.patr("volume show dta"), @"
    exit code: 4
    ----- stderr -----
    error: there is no volume `dta` here

    hint: did you mean `data`?
    ");
}

#[test]
fn deleting_a_volume_has_to_be_meant() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("volume delete data"), @"
    exit code: 2
    ----- stderr -----
    error: this deletes the volume `data`, all that is in it and its snapshots, and nobody can be asked: stdin is not a terminal

    hint: give `--yes` if that is meant
    ");
    assert!(t.edge.order().is_empty());
    t.edge.answers::<DeleteVolume>(NoContent);
    patr_snapshot!(t.patr("volume delete data --yes"), @"
    exit code: 0
    ----- stderr -----
    deleted the volume `data`
    ");
}

#[test]
fn on_a_terminal_the_name_is_asked_for() {
    let t = TestContext::new();
    for (typed, code) in [("dta\n", 2), ("data\n", 0)] {
        if code == 0 {
            t.edge.answers::<DeleteVolume>(NoContent);
        }
        let mut terminal = Terminal::open(80, 24);
        let mut patr = t.patr("volume delete data").on(&terminal);
        let child = patr.start();
        terminal.types(typed);
        let ran = patr.ended(child);
        assert_eq!(ran.code, code, "{ran}");
        assert!(ran.stderr.starts_with("this deletes the volume `data`"), "{ran}");
    }
    assert_eq!(t.edge.order(), ["DeleteVolume"]);
}

#[test]
fn a_volume_that_is_mounted_stays() {
    let t = TestContext::new();
    t.edge.refuses::<DeleteVolume>(&delete::Error::VolumeInUse { deployment: "db".parse().unwrap() });
    patr_snapshot!(t.patr("volume delete data --yes"), @"
    exit code: 1
    ----- stderr -----
    error: the deployment `db` mounts it

    hint: deploy `db` without it first, or delete it
    ");
}

#[test]
fn a_snapshot_answers_its_id() {
    let t = TestContext::new();
    t.edge.answers::<CreateSnapshot>(Created(snapshot(1)));
    patr_snapshot!(t.patr("volume snapshot data"), @"
    exit code: 0
    ----- stdout -----
    snap_00000000000000000000000001
    ----- stderr -----
    copying `data`
    a snapshot of `data` is made: 12.0 MiB
    ");
    assert!(t.edge.asked_once::<CreateSnapshot>().call.headers.key.is_some(), "it is made once");
}

#[test]
fn what_a_runner_cannot_do_is_shown_in_its_words() {
    let t = TestContext::new();
    let problem = "there is no room for a copy".to_owned();
    t.edge.refuses::<CreateSnapshot>(&create_snapshot::Error::VolumeTrouble { problem });
    patr_snapshot!(t.patr("volume snapshot data"), @"
    exit code: 1
    ----- stderr -----
    copying `data`
    error: its runner cannot do that: there is no room for a copy
    ");
}

#[test]
fn listing_snapshots() {
    let t = TestContext::new();
    t.edge.answers::<ListSnapshots>(page(vec![snapshot(2), snapshot(1)]));
    t.edge.answers::<ListSnapshots>(page(vec![]));
    patr_snapshot!(t.patr("volume snapshots data"), @"
    exit code: 0
    ----- stdout -----
    SNAPSHOT                         SIZE      MADE
    snap_00000000000000000000000002  12.0 MiB  2026-01-31 12:01:00Z
    snap_00000000000000000000000001  12.0 MiB  2026-01-31 12:01:00Z
    ");
    patr_snapshot!(t.patr("volume snapshots data"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr volume snapshot data` makes one
    ");
}

#[test]
fn deleting_a_snapshot_has_to_be_meant() {
    let t = TestContext::new();
    patr_snapshot!(t.patr(&format!("volume delete-snapshot data {SNAPSHOT}")), @"
    exit code: 2
    ----- stderr -----
    error: this deletes the snapshot snap_00000000000000000000000001 of the volume `data`, and nobody can be asked: stdin is not a terminal

    hint: give `--yes` if that is meant
    ");
    t.edge.answers::<DeleteSnapshot>(NoContent);
    patr_snapshot!(t.patr(&format!("volume delete-snapshot data {SNAPSHOT} -y")), @"
    exit code: 0
    ----- stderr -----
    deleted the snapshot snap_00000000000000000000000001 of `data`
    ");
}

#[test]
fn restoring_has_to_be_meant() {
    let t = TestContext::new();
    patr_snapshot!(t.patr(&format!("volume restore data {SNAPSHOT}")), @"
    exit code: 2
    ----- stderr -----
    error: this replaces all that is in the volume `data` by the snapshot snap_00000000000000000000000001, and nobody can be asked: stdin is not a terminal

    hint: give `--yes` if that is meant
    ");
    assert!(t.edge.order().is_empty());
    t.edge.answers::<RestoreVolume>(NoContent);
    patr_snapshot!(t.patr(&format!("volume restore data {SNAPSHOT} --yes")), @"
    exit code: 0
    ----- stderr -----
    restoring `data`
    `data` is what it was in snap_00000000000000000000000001
    ");
    assert_eq!(t.edge.asked_once::<RestoreVolume>().call.body.0.snapshot, id(1));
}

#[test]
fn restoring_under_a_running_deployment_or_from_nothing_is_refused() {
    let t = TestContext::new();
    t.edge.refuses::<RestoreVolume>(&restore::Error::VolumeInUse { deployment: "db".parse().unwrap() });
    t.edge.refuses::<RestoreVolume>(&restore::Error::NoSuchSnapshot { snapshot: id(1) });
    t.edge.answers::<ListVolumes>(page(vec![volume(1, "data")]));
    patr_snapshot!(t.patr(&format!("volume restore data {SNAPSHOT} --yes")), @"
    exit code: 1
    ----- stderr -----
    restoring `data`
    error: the deployment `db` runs with it

    hint: stop it first: `patr deployment stop db`
    ");
    patr_snapshot!(t.patr(&format!("volume restore data {SNAPSHOT} --yes")), @"
    exit code: 4
    ----- stderr -----
    restoring `data`
    error: snapshot: there is no snap_00000000000000000000000001 of this volume
    ");
    patr_snapshot!(t.patr("volume restore data yesterday --yes"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'yesterday' for '<SNAPSHOT>': expected an id like `snap_…`, found `yesterday`

    For more information, try '--help'.
    ");
}

#[test]
fn downloading_to_a_file_and_to_a_pipe() {
    let t = TestContext::new();
    t.edge.says::<ReadVolume>(Answer::raw(200, &archive()));
    patr_snapshot!(t.patr("volume download data --to data.tar"), @"
    exit code: 0
    ----- stderr -----
    downloaded `data`: 1.0 KiB
    ");
    assert_eq!(std::fs::read(t.folder().join("data.tar")).unwrap(), archive().as_bytes());
    let ran = t.patr(&format!("volume download data --snapshot {SNAPSHOT}")).run();
    assert_eq!((ran.code, ran.stdout), (0, archive()));
    assert_eq!(t.edge.asked::<ReadVolume>()[1].call.query.snapshot, Some(id(1)));
}

#[test]
fn an_archive_that_breaks_off_is_an_error_and_leaves_no_file() {
    let t = TestContext::new();
    let Answer::Whole(beginning) = Answer::raw(200, "beginning") else { unreachable!() };
    t.edge.says::<ReadVolume>(Answer::CutOff(beginning));
    t.edge.says::<ReadVolume>(Answer::raw(200, "looks like an end"));
    patr_snapshot!(t.patr("volume download data --to data.tar"), @"
    exit code: 1
    ----- stderr -----
    error: the archive broke off: unexpected EOF during chunk size line

    hint: download it again
    ");
    patr_snapshot!(t.patr("volume download data --to data.tar"), @"
    exit code: 1
    ----- stderr -----
    error: the archive broke off: its end is missing

    hint: download it again
    ");
    let left = std::fs::read_dir(t.folder()).unwrap().count();
    assert_eq!(left, 0, "nothing is left of it");
}

#[test]
fn an_archive_is_not_for_a_terminal() {
    let t = TestContext::new();
    let terminal = Terminal::open(80, 24);
    let mut patr = t.patr("volume download data").on(&terminal);
    let child = patr.start();
    insta::assert_snapshot!(patr.ended(child), @"
    exit code: 2
    ----- stderr -----
    error: an archive is nothing to read on a terminal

    hint: write it to a file: `patr volume download data --to data.tar`
    ");
}

#[test]
fn downloading_where_it_cannot_be_written_or_read() {
    let t = TestContext::new();
    t.edge.says::<ReadVolume>(Answer::raw(200, &archive()));
    patr_snapshot!(t.patr("volume download data --to absent/data.tar"), @"
    exit code: 1
    ----- stderr -----
    error: cannot write absent/data.tar: No such file or directory (os error 2)
    ");
    let t = TestContext::new();
    t.edge.refuses::<ReadVolume>(&archive::Error::RunnerAway { runner: "home".to_owned() });
    patr_snapshot!(t.patr("volume download data"), @"
    exit code: 1
    ----- stderr -----
    error: its runner `home` is not connected

    hint: `patr runner show home` says since when
    ");
}

#[test]
fn copying_a_volume_to_another_runner() {
    let t = TestContext::new();
    let made = Volume { runner_name: "office".parse().unwrap(), used_by: vec![], ..volume(2, "data-2") };
    t.edge.answers::<CopyVolume>(Created(made));
    patr_snapshot!(t.patr(&format!("volume copy data data-2 --runner office --snapshot {SNAPSHOT}")), @"
    exit code: 0
    ----- stdout -----
    name     data-2
    id       vol_00000000000000000000000002
    state    ready
    runner   office
    size     12.0 MiB
    writers  one at a time
    used by  -
    created  2026-01-31 12:00:00Z
    ----- stderr -----
    copying `data`
    copied `data` to `data-2` on the runner `office`
    ");
    let body = t.edge.asked_once::<CopyVolume>().call.body.0;
    assert_eq!((body.name.as_str(), body.snapshot), ("data-2", Some(id(1))));
}

#[test]
fn a_copy_needs_both_runners() {
    let t = TestContext::new();
    t.edge.refuses::<CopyVolume>(&copy::Error::RunnerAway { runner: "office".to_owned() });
    patr_snapshot!(t.patr("volume copy data data-2 --runner office"), @"
    exit code: 1
    ----- stderr -----
    copying `data`
    error: the runner `office` is not connected

    hint: `patr runner show office` says since when
    ");
}
