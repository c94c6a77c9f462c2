//! The table.

use patr_models::{
    deployment::{FailureKind, WorkloadSpec},
    ids::{DeploymentId, Id, WorkspaceId},
    time::Millis,
};

use super::*;

fn sha(byte: char) -> Digest {
    format!("sha256:{}", byte.to_string().repeat(64)).parse().unwrap()
}

fn desired() -> DesiredDeployment {
    DesiredDeployment {
        id: DeploymentId::from_parts(Millis(0), 1),
        workspace: WorkspaceId::from_parts(Millis(0), 1),
        name: "web".parse().unwrap(),
        generation: 5,
        release: 2,
        power: Power::Running,
        replicas: 1,
        restart: 0,
        spec: WorkloadSpec::of("web:1".parse().unwrap()),
        digest: Some(sha('a')),
    }
}

fn pulled() -> Memory {
    Memory { resolved: Some((2, sha('a'))), ..Memory::default() }
}

fn replica(id: &str, hash: &str, release: ReleaseNumber) -> Replica {
    Replica {
        id: id.to_owned(),
        deployment: desired().id,
        generation: 5,
        release,
        hash: hash.to_owned(),
        digest: Some(sha('a')),
        state: ReplicaState::Running { address: None },
        restarts: 0,
    }
}

fn current(id: &str) -> Replica {
    replica(id, &desired().spec.hash(&sha('a'), 0), 2)
}

fn old(id: &str) -> Replica {
    replica(id, "old", 1)
}

fn retires(id: &str) -> Step {
    Step::Retire { replica: id.to_owned() }
}

fn failed() -> Memory {
    let failure = Failure { kind: FailureKind::Exited, message: String::new(), logs: vec![] };
    Memory { failed: Some((5, failure)), ..pulled() }
}

const ALL: fn(&str) -> bool = |_| true;
const NONE: fn(&str) -> bool = |_| false;

#[test]
fn an_equal_hash_is_left_alone() {
    assert_eq!(plan(&desired(), &[current("a")], &Memory::default(), ALL), Step::Rest);
}

#[test]
fn nothing_is_started_before_the_image_is_here() {
    assert_eq!(plan(&desired(), &[old("o")], &Memory::default(), ALL), Step::Pull);
    assert!(matches!(plan(&desired(), &[old("o")], &pulled(), ALL), Step::Start { .. }));
}

#[test]
fn the_old_replica_goes_only_when_the_new_one_serves() {
    let here = [old("o"), current("a")];
    assert_eq!(plan(&desired(), &here, &pulled(), |id| id == "o"), Step::Probe { replica: "a".to_owned() });
    assert_eq!(plan(&desired(), &here, &pulled(), ALL), retires("o"));
}

#[test]
fn a_failed_release_leaves_the_old_one_and_takes_its_own_replicas_away() {
    assert_eq!(plan(&desired(), &[old("o"), current("a")], &failed(), ALL), retires("a"));
    assert_eq!(plan(&desired(), &[old("o")], &failed(), ALL), Step::Rest);
}

#[test]
fn a_failed_scaling_leaves_what_served_before() {
    let three = DesiredDeployment { replicas: 3, ..desired() };
    assert_eq!(plan(&three, &[current("a"), current("b")], &failed(), |id| id == "a"), retires("b"));
    assert_eq!(plan(&three, &[current("a")], &failed(), ALL), Step::Rest);
}

#[test]
fn a_failed_pull_is_not_tried_again_until_something_changes() {
    let unknown = DesiredDeployment { digest: None, ..desired() };
    let memory = Memory { resolved: None, ..failed() };
    assert_eq!(plan(&unknown, &[old("o")], &memory, ALL), Step::Rest);
    let newer = DesiredDeployment { generation: 6, ..unknown };
    assert_eq!(plan(&newer, &[old("o")], &memory, ALL), Step::Pull);
}

#[test]
fn scaling_touches_only_the_difference() {
    let three = DesiredDeployment { replicas: 3, ..desired() };
    assert!(matches!(plan(&three, &[current("a")], &pulled(), ALL), Step::Start { .. }));
    assert_eq!(plan(&desired(), &[current("a"), current("b")], &pulled(), ALL), retires("b"));
}

#[test]
fn a_restart_is_a_new_hash_and_so_a_rollout() {
    let restarted = DesiredDeployment { restart: 1, ..desired() };
    assert!(matches!(plan(&restarted, &[current("a")], &pulled(), ALL), Step::Start { .. }));
}

#[test]
fn a_stopped_deployment_loses_its_replicas_one_by_one() {
    let stopped = DesiredDeployment { power: Power::Stopped, ..desired() };
    assert_eq!(plan(&stopped, &[current("a"), old("o")], &pulled(), ALL), retires("a"));
    assert_eq!(plan(&stopped, &[], &pulled(), ALL), Step::Rest);
}

#[test]
fn a_container_that_ended_is_removed_and_then_replaced() {
    let dead = Replica { state: ReplicaState::Exited, ..current("a") };
    assert_eq!(plan(&desired(), &[dead], &pulled(), NONE), Step::Bury { replica: "a".to_owned() });
    assert!(matches!(plan(&desired(), &[], &pulled(), NONE), Step::Start { .. }));
}

#[test]
fn an_agent_that_restarted_adopts_what_it_finds_by_its_labels() {
    let unknown = DesiredDeployment { digest: None, ..desired() };
    let step = plan(&unknown, &[current("a")], &Memory::default(), NONE);
    assert_eq!(step, Step::Probe { replica: "a".to_owned() });
}
