//! What crosses the wire never changes by accident: a golden file for each kind of message, and both ends of every
//! deploy, an old reader with new data and a new reader with old data.
//!
//! `GOLDEN=overwrite cargo test -p patr-models --test wire` writes what the code says now. A file that differs then
//! is a change of the protocol: see `docs/wire.md`.

#![expect(clippy::unwrap_used, reason = "what the tests share is a test too")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::PathBuf,
};

use patr_models::{
    deployment::{Failure, FailureKind, PortSpec, Power, WorkloadSpec, exec::Size, spec::PortProtocol},
    ids::{DeploymentId, Id, RunnerId, SnapshotId, VolumeId, WorkspaceId},
    time::Millis,
    wire::{
        DesiredDeployment, FromAgent, ObservedDeployment, ObservedReplica, OpenRequest, PROTOCOL, Phase,
        Report, ResponseHead, Sample, Snapshot, ToAgent, Tombstone, Usage, VolumeWork,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

fn time() -> Millis {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn deployment(number: u128) -> DeploymentId {
    DeploymentId::from_parts(time(), number)
}

fn spec() -> WorkloadSpec {
    let mut spec = WorkloadSpec::of("ghcr.io/acme/web:1".parse().unwrap());
    spec.env = BTreeMap::from([("GREETING".parse().unwrap(), "hello".to_owned())]);
    spec.ports = vec![PortSpec { port: 8080, protocol: PortProtocol::Http }];
    spec
}

fn desired() -> DesiredDeployment {
    DesiredDeployment {
        id: deployment(1),
        workspace: WorkspaceId::from_parts(time(), 1),
        name: "web".parse().unwrap(),
        generation: 3,
        release: 2,
        power: Power::Running,
        replicas: 2,
        autoscale: None,
        restart: 1,
        spec: spec(),
        digest: Some(format!("sha256:{}", "0123456789abcdef".repeat(4)).parse().unwrap()),
        sealed: None,
    }
}

fn failure() -> Failure {
    let (message, logs) = ("it ended with exit code 3".to_owned(), vec!["no such table".to_owned()]);
    Failure { kind: FailureKind::Exited, message, logs }
}

fn observed(phase: Phase) -> ObservedDeployment {
    let replica = ObservedReplica { id: "0123456789ab".to_owned(), release: 2, ready: true, restarts: 1 };
    ObservedDeployment {
        id: deployment(1),
        generation: 3,
        release: 2,
        digest: desired().digest,
        phase,
        ready: 1,
        wanted: None,
        replicas: vec![replica],
        trouble: Some(failure()),
    }
}

fn sample() -> Sample {
    let usage = Usage {
        cpu_millis: 250,
        memory_bytes: 12_582_912,
        received_bytes: 1,
        sent_bytes: 2,
        read_bytes: 3,
        written_bytes: 4,
    };
    Sample { at: time(), deployment: deployment(1), replica: "0123456789ab".to_owned(), usage }
}

/// A message of each kind.
fn to_agent() -> Vec<ToAgent> {
    let runner = RunnerId::from_parts(time(), 1);
    let tombstones = vec![Tombstone { deployment: deployment(2), generation: 4 }];
    let snapshot = Snapshot { revision: 7, deployments: vec![desired()], tombstones, ..Snapshot::default() };
    vec![
        ToAgent::Welcome { runner, protocol: PROTOCOL, epoch: 5, now: time(), lanes: 2, metrics: true },
        ToAgent::Desired { snapshot },
        ToAgent::Stored { through: 9 },
    ]
}

fn from_agent() -> Vec<FromAgent> {
    let (agent, host) = ("0.1.0".to_owned(), Some("Docker 28.2.2 on linux/amd64".to_owned()));
    let deployments = vec![observed(Phase::Settled)];
    let report = Report { revision: 7, deployments, gone: vec![deployment(2)], ..Report::default() };
    vec![
        FromAgent::Hello { protocol: PROTOCOL, agent, host, clock: time(), revision: Some(7) },
        FromAgent::Report { seq: 9, report },
        FromAgent::Metrics { samples: vec![sample()] },
    ]
}

fn phases() -> Vec<Phase> {
    let failed = Phase::Failed { failure: failure(), serving: Some(1) };
    vec![Phase::Pulling, Phase::Starting, Phase::Draining, Phase::Settled, failed, Phase::Stopped]
}

fn open_requests() -> Vec<OpenRequest> {
    let headers = [("accept", "*/*"), ("cookie", "a=1"), ("cookie", "b=ü")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let (method, target) = ("POST".to_owned(), "/cart?item=1".to_owned());
    vec![
        OpenRequest::Http { deployment: deployment(1), port: 8080, method, target, headers },
        OpenRequest::Logs {
            deployment: deployment(1),
            follow: true,
            tail: 100,
            replica: None,
            since: None,
            search: None,
        },
        OpenRequest::Exec {
            deployment: deployment(1),
            replica: Some("0123456789ab".to_owned()),
            command: vec!["sh".to_owned()],
            tty: Some(Size { columns: 80, rows: 24 }),
        },
    ]
    .into_iter()
    .chain([
        OpenRequest::Tcp { deployment: deployment(1), port: 5432, replica: Some("0123456789ab".to_owned()) },
        OpenRequest::Requests { deployment: deployment(1), follow: true, tail: 100 },
    ])
    .chain(volume_work().map(|work| OpenRequest::Volume { work }))
    .collect()
}

fn volume_work() -> [VolumeWork; 5] {
    let (volume, snapshot) = (VolumeId::from_parts(time(), 1), SnapshotId::from_parts(time(), 1));
    [
        VolumeWork::Read { volume, snapshot: None },
        VolumeWork::Fill { volume },
        VolumeWork::Snapshot { volume, snapshot },
        VolumeWork::Restore { volume, snapshot },
        VolumeWork::Forget { snapshot },
    ]
}

fn head() -> ResponseHead {
    ResponseHead { status: 200, headers: vec![("content-type".to_owned(), "text/plain".to_owned())] }
}

// A new kind does not compile until it has a name here; without a message above, its file is missed.

fn to_agent_name(message: &ToAgent) -> &'static str {
    match message {
        ToAgent::Welcome { .. } => "to_agent_welcome",
        ToAgent::Desired { .. } => "to_agent_desired",
        ToAgent::Stored { .. } => "to_agent_stored",
    }
}

fn from_agent_name(message: &FromAgent) -> &'static str {
    match message {
        FromAgent::Hello { .. } => "from_agent_hello",
        FromAgent::Report { .. } => "from_agent_report",
        FromAgent::Metrics { .. } => "from_agent_metrics",
    }
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Pulling => "phase_pulling",
        Phase::Starting => "phase_starting",
        Phase::Draining => "phase_draining",
        Phase::Settled => "phase_settled",
        Phase::Failed { .. } => "phase_failed",
        Phase::Stopped => "phase_stopped",
    }
}

fn open_name(request: &OpenRequest) -> &'static str {
    match request {
        OpenRequest::Http { .. } => "open_http",
        OpenRequest::Logs { .. } => "open_logs",
        OpenRequest::Exec { .. } => "open_exec",
        OpenRequest::Tcp { .. } => "open_tcp",
        OpenRequest::Requests { .. } => "open_requests",
        OpenRequest::Volume { work: VolumeWork::Read { .. } } => "open_volume_read",
        OpenRequest::Volume { work: VolumeWork::Fill { .. } } => "open_volume_fill",
        OpenRequest::Volume { work: VolumeWork::Snapshot { .. } } => "open_volume_snapshot",
        OpenRequest::Volume { work: VolumeWork::Restore { .. } } => "open_volume_restore",
        OpenRequest::Volume { work: VolumeWork::Forget { .. } } => "open_volume_forget",
    }
}

/// One message, as it is in Rust and in its file.
struct Golden {
    name: &'static str,
    written: Value,
    /// What a reader of today makes of a document, written again.
    read: fn(&Value) -> Result<Value, String>,
}

impl Golden {
    fn of<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &'static str, value: &T) -> Self {
        let written = serde_json::to_value(value).unwrap();
        assert_eq!(
            serde_json::from_value::<T>(written.clone()).unwrap(),
            *value,
            "{name} does not come back"
        );
        Self { name, written, read: read::<T> }
    }

    fn file(&self) -> PathBuf {
        folder().join(self.name).with_extension("json")
    }
}

fn read<T: Serialize + DeserializeOwned>(document: &Value) -> Result<Value, String> {
    let value: T = serde_json::from_value(document.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn goldens() -> Vec<Golden> {
    let mut all = vec![Golden::of("response_head", &head())];
    all.extend(to_agent().iter().map(|message| Golden::of(to_agent_name(message), message)));
    all.extend(from_agent().iter().map(|message| Golden::of(from_agent_name(message), message)));
    all.extend(phases().into_iter().map(|phase| Golden::of(phase_name(&phase), &observed(phase))));
    all.extend(open_requests().iter().map(|request| Golden::of(open_name(request), request)));
    all
}

#[test]
fn each_kind_of_message_is_written_as_its_file_says() {
    for golden in goldens() {
        if std::env::var("GOLDEN").is_ok_and(|value| value == "overwrite") {
            let text = serde_json::to_string_pretty(&golden.written).unwrap() + "\n";
            fs::write(golden.file(), text).unwrap();
        }
        let text = fs::read_to_string(golden.file()).unwrap_or_default();
        let expected: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(golden.written, expected, "{} is not what is on the wire", golden.file().display());
    }
}

#[test]
fn no_file_is_left_of_a_message_that_is_gone() {
    let files: BTreeSet<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let known: BTreeSet<PathBuf> = goldens().iter().map(Golden::file).collect();
    assert_eq!(files, known);
}

/// Every object of a document with a field more, except those whose keys are the user's.
fn from_the_future(document: &Value) -> Value {
    match document {
        Value::Object(fields) => {
            let old = fields.iter().map(|(name, value)| match name.as_str() {
                "env" | "spec" => (name.clone(), value.clone()),
                _ => (name.clone(), from_the_future(value)),
            });
            Value::Object(old.chain([("from_the_future".to_owned(), json!({ "a": [1] }))]).collect())
        }
        Value::Array(items) => items.iter().map(from_the_future).collect(),
        other => other.clone(),
    }
}

#[test]
fn an_old_reader_ignores_fields_that_it_does_not_know() {
    for golden in goldens() {
        let read = (golden.read)(&from_the_future(&golden.written));
        assert_eq!(read, Ok(golden.written), "{}", golden.name);
    }
}

#[test]
fn an_old_agent_leaves_a_deployment_alone_that_says_more_than_it_knows_and_takes_the_others() {
    let mut newer = serde_json::to_value(DesiredDeployment { id: deployment(3), ..desired() }).unwrap();
    newer["spec"]["devices"] = json!(["/dev/kvm"]);
    let document = json!({ "revision": 8, "deployments": [newer, desired()], "tombstones": [] });
    let snapshot: Snapshot = serde_json::from_value(document).unwrap();
    assert_eq!(snapshot.deployments, [desired()]);
    let [unreadable] = &snapshot.unreadable[..] else { panic!("{:?}", snapshot.unreadable) };
    let ObservedDeployment { id, generation, release, phase, .. } = unreadable.observed();
    assert_eq!((id, generation, release), (deployment(3), 3, 2));
    let Phase::Failed { failure, .. } = phase else { panic!("{phase:?}") };
    assert!(
        failure.message.contains("too old") && failure.message.contains("devices"),
        "{}",
        failure.message
    );
}

/// What protocol 1 wrote before any field was added to it, and what is read of it now.
fn from_the_past() -> Vec<(Value, Value)> {
    let (id, workspace, runner) =
        (deployment(1), WorkspaceId::from_parts(time(), 1), RunnerId::from_parts(time(), 1));
    let welcome = json!({
        "type": "welcome", "runner": runner, "protocol": 1, "epoch": 5, "now": time(), "lanes": 2,
    });
    let hello = json!({ "type": "hello", "protocol": 1, "agent": "0.1.0", "clock": time() });
    let observed = json!({
        "id": id, "generation": 3, "release": 2, "phase": { "phase": "settled" }, "ready": 1,
    });
    let report =
        json!({ "type": "report", "seq": 1, "report": { "revision": 7, "deployments": [observed] } });
    let wanted = json!({
        "id": id, "workspace": workspace, "name": "web", "generation": 3, "release": 2, "power": "running",
        "replicas": 2, "restart": 0, "spec": { "image": "nginx:1" },
    });
    let snapshot = json!({ "revision": 7, "deployments": [wanted], "tombstones": [] });
    let desired = json!({ "type": "desired", "snapshot": snapshot });
    let with = |document: &Value, place: &str, more: Value| {
        let mut now = document.clone();
        let object = now.pointer_mut(place).and_then(Value::as_object_mut).unwrap();
        object.extend(more.as_object().unwrap().clone());
        now
    };
    let welcome_now = with(&welcome, "", json!({ "metrics": false }));
    let hello_now = with(&hello, "", json!({ "host": null, "revision": null }));
    let report_now = with(&report, "/report", json!({ "gone": [] }));
    let report_now = with(&report_now, "/report/deployments/0", json!({ "replicas": [] }));
    vec![(welcome, welcome_now), (hello, hello_now), (report, report_now), (desired.clone(), desired)]
}

#[test]
fn a_new_reader_fills_in_fields_that_an_old_writer_did_not_know() {
    for (then, now) in from_the_past() {
        let read = read::<FromAgent>(&then).or_else(|_| read::<ToAgent>(&then));
        assert_eq!(read, Ok(now));
    }
}
