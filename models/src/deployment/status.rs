//! What a deployment is doing: a pure function of what is desired, what was last seen, and the connection. First on each
//! of its runners, then on all of them together.

mod combine;

pub use combine::{Part, combine};

use super::{Generation, Power, ReleaseNumber};
use crate::{
    runner::Connection,
    time::Millis,
    wire::{HostHealth, ObservedDeployment, Phase},
};

/// What a deployment is doing. Never stored.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// The runner has not been heard of since the change. It carries it out when it connects.
    Waiting {
        reason: String,
    },
    /// A rollout is on its way.
    RollingOut {
        step: RolloutStep,
        ready: u32,
        wanted: u32,
    },
    /// The current release serves with all replicas.
    Live {
        ready: u32,
    },
    /// The current release serves with fewer replicas than wanted.
    Degraded {
        ready: u32,
        wanted: u32,
        reason: Option<Failure>,
    },
    /// The rollout ended without success.
    Failed {
        failure: Failure,
        /// The release that still serves, if one does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serving: Option<ReleaseNumber>,
    },
    /// Nobody asks for it, so no replica runs; the next request starts one.
    Idle,
    Stopped,
    /// The runner is away, or its runtime does not answer; what was last seen is no longer known to be true.
    Unknown {
        since: Millis,
    },
}

/// Where a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RolloutStep {
    Pulling,
    Starting,
    Draining,
}

/// Why something did not work.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Failure {
    pub kind: FailureKind,
    /// A sentence for people.
    pub message: String,
    /// The last lines that the replica wrote, oldest first; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// Why something did not work, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The registry has no such image or tag.
    ImageNotFound,
    /// The registry wants (other) credentials.
    PullDenied,
    /// The registry does not answer, or something else went wrong on the way.
    PullFailed,
    /// The process ended by itself.
    Exited,
    /// The kernel ended it for using more memory than it may.
    OutOfMemory,
    /// Nothing listens on the probed port.
    PortClosed,
    /// The probe was answered, but not with success.
    ProbeFailed,
    /// The runtime (Docker, Kubernetes) refused.
    Runtime,
    /// A replica that had served stopped answering its liveness probe.
    NotAlive,
    /// The machine has no room for the image.
    DiskFull,
    /// A volume that was there is not any more.
    VolumeMissing,
    /// The runner cannot open what its secrets were sealed in.
    SecretSealed,
    /// One of several runners is away; the others serve.
    RunnerAway,
    /// A reason of a newer version of Patr.
    #[serde(other)]
    Other,
}

/// The desired side of [`derive()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub generation: Generation,
    pub power: Power,
    pub replicas: u32,
}

/// Derives the status on one runner. `observed` is the runner's last word on this deployment, `health` on its machine.
pub fn derive(
    wanted: Wanted,
    observed: Option<&ObservedDeployment>,
    health: Option<&HostHealth>,
    connection: &Connection,
) -> Status {
    match connection {
        Connection::Never => Status::Waiting { reason: "its runner has never connected".to_owned() },
        Connection::Offline { since } => unseen(wanted, observed, *since, "its runner is offline"),
        Connection::Online { .. } => match connection.runtime_away_since(health) {
            Some(since) => unseen(wanted, observed, since, "the runtime of its runner does not answer"),
            None => online(wanted, observed),
        },
    }
}

fn unseen(wanted: Wanted, observed: Option<&ObservedDeployment>, since: Millis, why: &str) -> Status {
    match observed {
        Some(observed) if observed.generation >= wanted.generation => Status::Unknown { since },
        _ => Status::Waiting { reason: format!("{why} since {since}") },
    }
}

fn online(wanted: Wanted, observed: Option<&ObservedDeployment>) -> Status {
    let Some(observed) = observed.filter(|observed| observed.generation >= wanted.generation) else {
        return Status::Waiting { reason: "its runner has not answered yet".to_owned() };
    };
    let (ready, total) = (observed.ready, observed.wanted.unwrap_or(wanted.replicas));
    let rolling = |step| Status::RollingOut { step, ready, wanted: total };
    match &observed.phase {
        Phase::Pulling => rolling(RolloutStep::Pulling),
        Phase::Starting => rolling(RolloutStep::Starting),
        Phase::Draining => rolling(RolloutStep::Draining),
        Phase::Failed { failure, serving } => Status::Failed { failure: failure.clone(), serving: *serving },
        Phase::Stopped => Status::Stopped,
        Phase::Settled if wanted.power == Power::Stopped => Status::Stopped,
        Phase::Settled if total == 0 && observed.wanted.is_some() => Status::Idle,
        Phase::Settled if ready >= total => Status::Live { ready },
        Phase::Settled => Status::Degraded { ready, wanted: total, reason: observed.trouble.clone() },
    }
}

impl Status {
    /// Whether a rollout has ended, so that `--wait` may return. A runner that is away holds nobody up while others serve.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Live { .. } | Self::Idle | Self::Failed { .. } | Self::Stopped)
            || matches!(self, Self::Degraded { reason: Some(reason), .. } if reason.kind == FailureKind::RunnerAway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DeploymentId, Id};

    const WANTED: Wanted = Wanted { generation: 3, power: Power::Running, replicas: 2 };

    fn seen(generation: Generation, phase: Phase, ready: u32) -> ObservedDeployment {
        let id = DeploymentId::from_parts(Millis(0), 0);
        ObservedDeployment {
            id,
            generation,
            release: 1,
            digest: None,
            phase,
            ready,
            wanted: None,
            replicas: vec![],
            trouble: None,
        }
    }

    fn online_now() -> Connection {
        Connection::Online { since: Millis(0), agent: "0".to_owned(), host: None, clock_skew_ms: 0 }
    }

    #[test]
    fn a_report_about_an_older_generation_says_nothing_about_this_one() {
        let old = seen(2, Phase::Settled, 2);
        assert!(matches!(derive(WANTED, Some(&old), None, &online_now()), Status::Waiting { .. }));
    }

    #[test]
    fn a_runner_that_left_makes_a_live_deployment_unknown() {
        let live = seen(3, Phase::Settled, 2);
        assert_eq!(derive(WANTED, Some(&live), None, &online_now()), Status::Live { ready: 2 });
        let left = Connection::Offline { since: Millis(5) };
        assert_eq!(derive(WANTED, Some(&live), None, &left), Status::Unknown { since: Millis(5) });
    }

    #[test]
    fn a_runtime_that_does_not_answer_makes_what_was_seen_unknown_by_the_clock_of_the_edge() {
        let ahead =
            Connection::Online { since: Millis(0), agent: "0".to_owned(), host: None, clock_skew_ms: 7 };
        let status = |generation, away_since| {
            let trouble = Some("the runtime does not answer".to_owned());
            let health = HostHealth { disk_total: None, disk_free: None, trouble, away_since };
            derive(WANTED, Some(&seen(generation, Phase::Settled, 2)), Some(&health), &ahead)
        };
        assert_eq!(status(3, Some(Millis(12))), Status::Unknown { since: Millis(5) });
        assert_eq!(status(3, None), Status::Live { ready: 2 });
        let older = status(2, Some(Millis(12)));
        let Status::Waiting { reason } = older else { panic!("{older:?}") };
        assert!(reason.starts_with("the runtime of its runner does not answer since "), "{reason}");
    }

    #[test]
    fn too_few_replicas_are_degraded_and_never_live() {
        let few = seen(3, Phase::Settled, 1);
        assert!(matches!(
            derive(WANTED, Some(&few), None, &online_now()),
            Status::Degraded { ready: 1, wanted: 2, .. }
        ));
    }
}
