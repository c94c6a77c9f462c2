//! The table.

use patr_models::{
    deployment::{Failure, FailureKind, ReleaseNumber, WorkloadSpec},
    ids::{DeploymentId, Id, WorkspaceId},
    time::Millis,
};

use super::*;
use crate::runtime::{Address, Health};

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
        autoscale: None,
        restart: 0,
        spec: WorkloadSpec::of("web:1".parse().unwrap()),
        digest: Some(sha('a')),
        sealed: None,
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
        probe: None,
        http_port: None,
        proven: true,
        health: Health::Unasked,
        state: ReplicaState::Running(Address::Network([10, 0, 0, 1].into())),
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

fn steps(
    desired: &DesiredDeployment,
    here: &[Replica],
    memory: &Memory,
    serves: fn(&str) -> bool,
) -> Vec<Step> {
    steps_with(desired, here, memory, serves, false)
}

fn place(serves: bool) -> Place {
    if serves { Place::Serving } else { Place::Out }
}

fn steps_with(
    desired: &DesiredDeployment,
    here: &[Replica],
    memory: &Memory,
    serves: fn(&str) -> bool,
    leaving: bool,
) -> Vec<Step> {
    let here: Vec<&Replica> = here.iter().collect();
    plan(&Situation {
        desired,
        wanted: desired.replicas as usize,
        here: &here,
        leaving,
        memory,
        place: &|replica| place(serves(replica)),
        busy: &|_| false,
        now: Instant::now(),
    })
}

fn new(id: &str) -> Replica {
    Replica { proven: false, ..current(id) }
}

fn probes(id: &str) -> Step {
    Step::Probe { replicas: vec![id.to_owned()] }
}

fn readmits(id: &str) -> Step {
    Step::Readmit { replica: id.to_owned(), probe: None }
}

fn starts() -> Step {
    Step::Start { digest: sha('a'), hash: desired().spec.hash(&sha('a'), 0) }
}

#[test]
fn an_equal_hash_is_left_alone() {
    assert_eq!(steps(&desired(), &[current("a")], &Memory::default(), ALL), []);
}

#[test]
fn nothing_is_started_before_the_image_is_here() {
    assert_eq!(steps(&desired(), &[old("o")], &Memory::default(), ALL), [Step::Pull]);
    assert_eq!(steps(&desired(), &[old("o")], &pulled(), ALL), [starts()]);
}

#[test]
fn the_old_replicas_go_only_when_the_new_ones_serve() {
    let here = [old("o"), old("p"), new("a")];
    assert_eq!(steps(&desired(), &here, &pulled(), |id| id != "a"), [probes("a")]);
    assert_eq!(steps(&desired(), &here, &pulled(), ALL), [retires("o"), retires("p")]);
}

#[test]
fn a_new_replica_that_stopped_serving_keeps_the_old_ones() {
    let restarting = Replica { state: ReplicaState::Restarting, ..current("a") };
    assert_eq!(steps(&desired(), &[old("o"), restarting], &pulled(), |id| id == "o"), [probes("a")]);
}

#[test]
fn a_failed_release_leaves_the_old_one_and_takes_its_own_replicas_away() {
    assert_eq!(steps(&desired(), &[old("o"), current("a")], &failed(), ALL), [retires("a")]);
    assert_eq!(steps(&desired(), &[old("o")], &failed(), ALL), []);
}

#[test]
fn a_failed_release_keeps_the_only_replica_that_serves() {
    let dead = Replica { state: ReplicaState::Restarting, ..old("o") };
    assert_eq!(steps(&desired(), &[dead, current("a")], &failed(), |id| id == "a"), []);
}

#[test]
fn a_failed_scaling_leaves_what_served_before() {
    let three = DesiredDeployment { replicas: 3, ..desired() };
    assert_eq!(steps(&three, &[current("a"), new("b")], &failed(), |id| id == "a"), [retires("b")]);
    assert_eq!(steps(&three, &[current("a")], &failed(), ALL), []);
}

#[test]
fn a_failed_pull_is_not_tried_again_until_something_changes() {
    let unknown = DesiredDeployment { digest: None, ..desired() };
    let memory = Memory { resolved: None, ..failed() };
    assert_eq!(steps(&unknown, &[old("o")], &memory, ALL), []);
    let newer = DesiredDeployment { generation: 6, ..unknown };
    assert_eq!(steps(&newer, &[old("o")], &memory, ALL), [Step::Pull]);
}

#[test]
fn scaling_touches_only_the_difference_and_first_those_that_do_not_serve() {
    let three = DesiredDeployment { replicas: 3, ..desired() };
    assert_eq!(steps(&three, &[current("a")], &pulled(), ALL), [starts()]);
    let restarting = Replica { state: ReplicaState::Restarting, ..current("b") };
    assert_eq!(steps(&desired(), &[current("a"), restarting], &pulled(), |id| id == "a"), [retires("b")]);
}

#[test]
fn a_restart_is_a_new_hash_and_so_a_rollout() {
    let restarted = DesiredDeployment { restart: 1, ..desired() };
    assert!(matches!(*steps(&restarted, &[current("a")], &pulled(), ALL), [Step::Start { .. }]));
}

#[test]
fn a_stopped_deployment_loses_all_its_replicas() {
    let stopped = DesiredDeployment { power: Power::Stopped, ..desired() };
    assert_eq!(steps(&stopped, &[current("a"), old("o")], &pulled(), ALL), [retires("a"), retires("o")]);
    assert_eq!(steps(&stopped, &[], &pulled(), ALL), []);
}

#[test]
fn a_container_that_ended_is_removed_while_another_takes_its_place() {
    let dead = Replica { state: ReplicaState::Exited, ..current("a") };
    assert_eq!(steps(&desired(), &[dead], &pulled(), NONE), [Step::Bury { replica: "a".to_owned() }]);
    assert_eq!(steps(&desired(), &[], &pulled(), NONE), [starts()]);
}

#[test]
fn a_container_that_ended_before_it_was_proved_is_asked_why_and_one_that_never_started_is_not() {
    let ended = Replica { state: ReplicaState::Exited, ..new("a") };
    assert_eq!(steps(&desired(), &[ended], &pulled(), NONE), [probes("a")]);
    let created = Replica { state: ReplicaState::Created, ..new("a") };
    assert_eq!(steps(&desired(), &[created], &pulled(), NONE), [Step::Bury { replica: "a".to_owned() }]);
}

#[test]
fn an_agent_that_restarted_adopts_what_it_finds_by_its_labels() {
    let unknown = DesiredDeployment { digest: None, ..desired() };
    assert_eq!(steps(&unknown, &[current("a")], &Memory::default(), NONE), [readmits("a")]);
    assert_eq!(steps(&unknown, &[new("a")], &Memory::default(), NONE), [probes("a")]);
}

#[test]
fn an_old_replica_serves_again_before_the_new_one_is_waited_for() {
    let here = [old("o"), new("a")];
    assert_eq!(steps(&desired(), &here, &pulled(), NONE), [readmits("o"), probes("a")]);
    assert_eq!(steps(&desired(), &here, &failed(), NONE), [readmits("o"), retires("a")]);
}

#[test]
fn while_a_step_of_the_rollout_is_under_way_only_replicas_that_served_are_seen_to() {
    let dead = Replica { state: ReplicaState::Exited, ..current("a") };
    let (old, desired, memory) = (old("o"), desired(), pulled());
    let busy = |target: &Target| *target == Target::Rollout;
    let here = [&old, &dead];
    let situation = Situation {
        desired: &desired,
        wanted: 1,
        here: &here,
        leaving: false,
        memory: &memory,
        place: &|_| Place::Out,
        busy: &busy,
        now: Instant::now(),
    };
    assert_eq!(plan(&situation), [readmits("o")]);
}

#[path = "plan_tests/strategies.rs"]
mod strategies;
