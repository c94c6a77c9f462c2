//! What replicas do, for every way in which pods stand still.

use serde_json::{Value, json};

use super::*;
use crate::runtime::kubernetes::manifest::tests::{making, plain};

const IP: [u8; 4] = [10, 1, 0, 5];

/// A replica with a pod, as the cluster says it.
struct Case {
    workload: Value,
    pods: Vec<Value>,
}

fn case(pod: Value) -> Case {
    let new = plain();
    let Workload::Deployment(one) = making(&new).workload(1).unwrap() else { panic!("it has no volume") };
    let (workload, labels) = (serde_json::to_value(&one).unwrap(), one.metadata.labels.clone());
    let mut made = json!({ "metadata": { "name": "web-2-0-x", "labels": labels } });
    made["status"] = pod;
    Case { workload, pods: vec![made] }
}

fn container(status: Value) -> Value {
    let mut container = json!({
        "name": "app", "image": "web:1", "imageID": "", "ready": false, "restartCount": 0,
    });
    merge(&mut container, status);
    json!({ "phase": "Running", "podIP": "10.1.0.5", "containerStatuses": [container] })
}

fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else { panic!("two objects") };
    into.extend(from);
}

impl Case {
    fn proven(mut self) -> Self {
        self.workload["metadata"]["annotations"][mark::PROVEN] = json!("true");
        self
    }

    fn of(&self) -> (Workload, Vec<Pod>) {
        let deployment = serde_json::from_value(self.workload.clone()).unwrap();
        let pods = self.pods.iter().map(|pod| serde_json::from_value(pod.clone()).unwrap());
        (Workload::Deployment(Box::new(deployment)), pods.collect())
    }

    fn look(&self) -> Seen {
        let (workload, pods) = self.of();
        look(&workload, &pods)
    }

    fn checked(&self) -> Result<Checked, Failure> {
        let (workload, pods) = self.of();
        checked(&workload, &pods)
    }

    /// Why it does not run, whether that ends its rollout or not.
    fn why(&self) -> (bool, String) {
        match self.checked() {
            Ok(checked) => (false, checked.ended.map(|why| why.message).unwrap_or_default()),
            Err(why) => (true, why.message),
        }
    }
}

fn waiting(reason: &str, message: &str) -> Value {
    container(json!({ "state": { "waiting": { "reason": reason, "message": message } } }))
}

fn ended(code: i32, reason: &str) -> Value {
    json!({ "terminated": { "exitCode": code, "reason": reason } })
}

#[test]
fn one_that_runs_has_an_address_and_is_as_healthy_as_the_kubelet_says() {
    let seen = |ready: bool, started: bool| {
        let state = json!({ "running": {} });
        case(container(json!({ "state": state, "ready": ready, "started": started }))).look()
    };
    assert_eq!(seen(true, true).state, ReplicaState::Running(Address::Network(IP.into())));
    assert_eq!(seen(true, true).health, Health::Ready);
    assert_eq!(seen(false, true).health, unready("its readiness probe does not succeed"));
    assert_eq!(seen(false, false).health, unready("it has not answered since it started"));
}

#[test]
fn a_new_one_that_stands_still_says_why() {
    let unschedulable = json!({
        "phase": "Pending",
        "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient memory.",
        }],
    });
    let crashed = json!({ "state": { "waiting": { "reason": "CrashLoopBackOff" } },
                          "lastState": ended(3, "Error"), "restartCount": 1 });
    let again = json!({ "state": { "running": {} }, "lastState": ended(3, "Error"), "restartCount": 1 });
    let memory = json!({ "state": ended(137, "OOMKilled") });
    let table = [
        (json!({ "phase": "Pending" }), (false, "its container is being made")),
        (
            unschedulable,
            (false, "no node has a place for it: 0/3 nodes are available: 3 Insufficient memory."),
        ),
        (waiting("ContainerCreating", ""), (false, "its container is being made")),
        (waiting("ErrImagePull", "timeout"), (false, "pulling `web:1`: timeout")),
        (
            waiting("ImagePullBackOff", "web:1: not found"),
            (true, "image not found: `web:1`: web:1: not found"),
        ),
        (waiting("CreateContainerError", "no serve"), (true, "its container cannot be started: no serve")),
        (container(crashed), (true, "it ended with exit code 3")),
        // The kubelet gives it another try; a release that ended once has failed.
        (container(again), (true, "it ended with exit code 3")),
        (container(json!({ "state": ended(139, "Error") })), (true, "it ended with exit code 139 (SIGSEGV)")),
        (container(memory), (true, "it used more memory than it may, and was killed")),
    ];
    for (pod, (ends, why)) in table {
        assert_eq!(case(pod).why(), (ends, why.to_owned()));
    }
}

#[test]
fn one_that_has_served_is_started_again_whatever_happens_to_it() {
    let crashed = json!({ "state": { "waiting": { "reason": "CrashLoopBackOff" } },
                          "lastState": ended(3, "Error"), "restartCount": 4 });
    let checked = case(container(crashed)).proven().checked().unwrap();
    assert_eq!((checked.state, checked.restarts), (ReplicaState::Restarting, 4));
    assert_eq!(checked.ended.unwrap().message, "it ended with exit code 3");
    let stuck = case(waiting("ImagePullBackOff", "gone")).proven().checked().unwrap();
    assert_eq!(stuck.state, ReplicaState::Restarting);
    let again = json!({ "state": { "running": {} }, "lastState": ended(3, "Error"), "ready": true });
    let running = case(container(again)).proven().look();
    assert_eq!(running.state, ReplicaState::Running(Address::Network(IP.into())));
}

#[test]
fn a_pod_that_cannot_be_made_is_a_reason_at_once_unless_room_may_come() {
    let said = |message: &str| {
        let mut case = case(Value::Null);
        case.pods.clear();
        let failed = json!({ "type": "ReplicaFailure", "status": "True", "message": message });
        case.workload["status"] = json!({ "conditions": [failed] });
        case.why()
    };
    let (ends, quota) = said("pods \"x\" is forbidden: exceeded quota: q, requested: cpu=1, limited: cpu=0");
    assert!(!ends && quota.starts_with("the quota of its namespace is used up: "), "{quota}");
    let (ends, policy) = said("pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\"");
    assert!(ends && policy.starts_with("its namespace does not allow it: "), "{policy}");
}

#[test]
fn without_pods_it_is_stopped_or_was_never_started() {
    let mut case = case(container(json!({ "state": { "running": {} } })));
    case.workload["spec"]["replicas"] = json!(0);
    assert_eq!(case.look().state, ReplicaState::Restarting, "its pod is still there");
    case.pods.clear();
    assert_eq!(case.look().state, ReplicaState::Created);
    let case = case.proven();
    assert_eq!(case.look().state, ReplicaState::Exited);
}

#[test]
fn one_that_is_being_deleted_is_no_failure_of_its_release() {
    let mut case = case(container(json!({ "state": ended(143, "Error") })));
    case.workload["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:00Z");
    assert_eq!(case.look().state, ReplicaState::Created);
}

#[test]
fn of_several_pods_the_newest_counts_that_is_to_stay() {
    let mut case = case(container(json!({ "state": { "running": {} }, "ready": true })));
    let pod = |name: &str, at: &str| {
        let mut pod = case.pods[0].clone();
        pod["metadata"]["name"] = json!(name);
        pod["metadata"]["creationTimestamp"] = json!(at);
        pod
    };
    let mut going = pod("going", "2026-01-31T12:00:03Z");
    going["metadata"]["deletionTimestamp"] = json!("2026-01-31T12:00:04Z");
    let mut evicted = pod("evicted", "2026-01-31T12:00:02Z");
    evicted["status"] = json!({ "phase": "Failed", "message": "the node was low on memory" });
    let mut foreign = pod("foreign", "2026-01-31T12:00:05Z");
    foreign["metadata"]["labels"][mark::REPLICA] = json!("another");
    let stays = pod("stays", "2026-01-31T12:00:01Z");
    case.pods = vec![foreign.clone(), evicted.clone(), stays, going];
    let (workload, pods) = case.of();
    assert_eq!(super::pod(&workload, &pods).unwrap().metadata.name.as_deref(), Some("stays"));
    case.pods = vec![foreign, evicted];
    assert_eq!(
        case.why(),
        (false, "its pod was taken away, and another is to come: the node was low on memory".to_owned())
    );
}

#[test]
fn a_replica_is_recognised_by_what_it_was_made_with() {
    let (new, (workload, pods)) = (plain(), case(json!({ "phase": "Pending" })).of());
    let replica = replica(&workload, &pods).unwrap();
    assert_eq!((replica.id.as_str(), replica.deployment), ("0123456789ab", new.desired.id));
    assert_eq!((replica.generation, replica.release), (5, 2));
    assert_eq!((replica.hash, replica.digest), (new.hash, Some(new.digest)));
    assert_eq!(replica.probe, new.desired.spec.effective_probe());
    assert!(!replica.proven);
}

proptest::proptest! {
    /// Whatever a cluster says, before its rollout is over a replica either runs, is waited for with a reason, or has failed.
    #[test]
    fn nobody_waits_without_a_reason(
        reason in "[A-Za-z]{0,20}", message in ".{0,40}", kind in 0..4, before in proptest::bool::ANY,
    ) {
        let mut status = match kind {
            0 => json!({ "state": { "waiting": { "reason": reason, "message": message } } }),
            1 => json!({ "state": ended(1, &reason) }),
            2 => json!({ "state": { "running": {} } }),
            _ => json!({}),
        };
        if before {
            status["lastState"] = ended(1, &reason);
        }
        match case(container(status)).checked() {
            Ok(checked) if matches!(checked.state, ReplicaState::Running(_)) => {}
            Ok(checked) => proptest::prop_assert!(checked.ended.is_some()),
            Err(why) => proptest::prop_assert!(!why.message.is_empty()),
        }
    }
}
