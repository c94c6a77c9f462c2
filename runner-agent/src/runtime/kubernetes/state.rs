//! From what is in a cluster to what its replicas do: functions of the objects that were found.
//!
//! ```text
//! replicas 0                      Created, or Exited once it was proved: made and not started, or shelved
//! replicas 1, no pod yet          Restarting: the cluster is about to make one, and says why it cannot
//! pod waits                       Restarting; before it was proved, what is stuck is a failure
//! container runs                  Running
//! container has ended             Exited before it was proved (it is not given another try), then Restarting
//! ```

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod, PodStatus};
use patr_models::deployment::{Failure, FailureKind};

use super::{
    manifest::APP,
    mark,
    words::{self, Waiting},
    workload::Workload,
};
use crate::runtime::{Address, Checked, Health, Replica, ReplicaState, failure};

/// What a replica does, and why it does not do more.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) state: ReplicaState,
    pub(super) why: Option<Failure>,
    /// Whether it stays so until somebody changes something.
    pub(super) stuck: bool,
    pub(super) restarts: u32,
    pub(super) health: Health,
}

impl Seen {
    fn is(state: ReplicaState) -> Self {
        Self { state, why: None, stuck: false, restarts: 0, health: Health::Unasked }
    }

    fn waits(why: Failure) -> Self {
        Self { why: Some(why), ..Self::is(ReplicaState::Restarting) }
    }
}

/// The pod that counts: the newest that is not on its way out.
pub(super) fn pod<'p>(workload: &Workload, pods: &'p [Pod]) -> Option<&'p Pod> {
    let counts =
        |pod: &&Pod| workload.owns(pod) && pod.metadata.deletion_timestamp.is_none() && !is_over(pod);
    pods.iter().filter(counts).max_by_key(|pod| pod.metadata.creation_timestamp.clone())
}

/// Whether a pod was given up as a whole, as one that was evicted; another takes its place.
pub(super) fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Failed" | "Succeeded"))
}

/// A replica as its objects say; `None` for one that is not quite ours.
pub(super) fn replica(workload: &Workload, pods: &[Pod]) -> Option<Replica> {
    let seen = look(workload, pods);
    Some(Replica {
        id: workload.label(mark::REPLICA)?.to_owned(),
        deployment: workload.label(mark::DEPLOYMENT)?.parse().ok()?,
        generation: workload.label(mark::GENERATION)?.parse().ok()?,
        release: workload.label(mark::RELEASE)?.parse().ok()?,
        hash: workload.label(mark::SPEC)?.to_owned(),
        digest: workload.annotation(mark::DIGEST).and_then(|digest| digest.parse().ok()),
        probe: workload.annotation(mark::PROBE).and_then(|probe| serde_json::from_str(probe).ok()),
        http_port: workload.annotation(mark::HTTP_PORT).and_then(|port| port.parse().ok()),
        proven: workload.is_proven(),
        health: seen.health,
        state: seen.state,
    })
}

/// What a replica does now; a failure says why it does not run and will not.
pub(super) fn checked(workload: &Workload, pods: &[Pod]) -> Result<Checked, Failure> {
    let Seen { state, why, stuck, restarts, .. } = look(workload, pods);
    let unknown = || failure(FailureKind::Runtime, "it does not run");
    if state == ReplicaState::Exited || stuck && !workload.is_proven() {
        return Err(why.unwrap_or_else(unknown));
    }
    Ok(Checked { state, ended: why, restarts })
}

pub(super) fn look(workload: &Workload, pods: &[Pod]) -> Seen {
    if workload.is_going() {
        return Seen::is(ReplicaState::Created);
    }
    let pod = pod(workload, pods);
    if workload.replicas() == 0 {
        return match pods.iter().any(|pod| workload.owns(pod) && !is_over(pod)) {
            true => Seen::waits(failure(FailureKind::Runtime, "it is being stopped")),
            false if workload.is_proven() => Seen::is(ReplicaState::Exited),
            false => Seen::is(ReplicaState::Created),
        };
    }
    match pod {
        Some(pod) => of_pod(pod, workload.is_proven()),
        None => without_pod(workload, pods),
    }
}

fn without_pod(workload: &Workload, pods: &[Pod]) -> Seen {
    if let Some(said) = workload.replica_failure() {
        return Seen { stuck: !words::is_over_quota(said), ..Seen::waits(words::not_admitted(said)) };
    }
    let own = || pods.iter().filter(|pod| workload.owns(pod));
    let evicted = own().filter_map(|pod| pod.status.as_ref()?.message.as_deref()).next();
    let why = match evicted {
        Some(said) => format!("its pod was taken away, and another is to come: {said}"),
        None if own().next().is_some() => "its pod is on its way out, and another is to come".to_owned(),
        None => "it has no pod yet".to_owned(),
    };
    Seen::waits(failure(FailureKind::Runtime, why))
}

pub(super) fn of_pod(pod: &Pod, proven: bool) -> Seen {
    let nothing = PodStatus::default();
    let status = pod.status.as_ref().unwrap_or(&nothing);
    let container = status.container_statuses.iter().flatten().find(|container| container.name == APP);
    match container {
        Some(container) => of_container(status, container, proven),
        None => Seen::waits(not_begun(status)),
    }
}

/// A pod that no node has begun with.
fn not_begun(status: &PodStatus) -> Failure {
    unscheduled(status).unwrap_or_else(|| failure(FailureKind::Runtime, "its container is being made"))
}

/// Why no node has a pod.
pub(super) fn not_placed(pod: &Pod) -> Option<Failure> {
    unscheduled(pod.status.as_ref()?)
}

fn unscheduled(status: &PodStatus) -> Option<Failure> {
    let conditions = status.conditions.iter().flatten();
    let mut scheduled = conditions.filter(|one| one.type_ == "PodScheduled" && one.status == "False");
    let said = scheduled.next()?.message.as_deref().unwrap_or("the scheduler does not say why");
    Some(words::unschedulable(said))
}

fn of_container(status: &PodStatus, container: &ContainerStatus, proven: bool) -> Seen {
    let restarts = u32::try_from(container.restart_count).unwrap_or_default();
    let none = ContainerState::default();
    let (now, before) = (
        container.state.as_ref().unwrap_or(&none),
        container.last_state.as_ref().and_then(|state| state.terminated.as_ref()),
    );
    let ended = now.terminated.as_ref().or(before).map(words::ended);
    let over = if proven { ReplicaState::Restarting } else { ReplicaState::Exited };
    let seen = if now.terminated.is_some() || (before.is_some() && !proven) {
        Seen { why: ended, ..Seen::is(over) }
    } else if now.running.is_some() {
        running(status, container)
    } else {
        match now.waiting.as_ref().map(|waiting| words::waiting(&container.image, waiting)) {
            Some(Waiting::Stuck(why)) => Seen { stuck: true, ..Seen::waits(why) },
            Some(Waiting::For(why)) => Seen::waits(why),
            Some(Waiting::Again) => Seen { why: ended, ..Seen::is(over) },
            None => Seen::waits(failure(FailureKind::Runtime, "its container is being made")),
        }
    };
    Seen { restarts, ..seen }
}

fn running(status: &PodStatus, container: &ContainerStatus) -> Seen {
    let Some(address) = status.pod_ip.as_ref().and_then(|address| address.parse().ok()) else {
        return Seen::waits(failure(FailureKind::Runtime, "its pod has no address yet"));
    };
    let health = match (container.ready, container.started) {
        (true, _) => Health::Ready,
        (false, Some(true)) => unready("its readiness probe does not succeed"),
        (false, _) => unready("it has not answered since it started"),
    };
    Seen { health, ..Seen::is(ReplicaState::Running(Address::Network(address))) }
}

fn unready(why: &str) -> Health {
    Health::Unready(failure(FailureKind::ProbeFailed, why))
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
