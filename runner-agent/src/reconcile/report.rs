//! What is said about a deployment.

use patr_models::{
    deployment::Power,
    wire::{DesiredDeployment, ObservedDeployment, ObservedReplica, Phase},
};

use super::{
    memory::Memory,
    plan::{self, Step},
};
use crate::runtime::Replica;

/// What a report is made from.
pub(super) struct View<'a> {
    pub(super) desired: &'a DesiredDeployment,
    /// Every replica, those that are being taken away too.
    pub(super) here: &'a [&'a Replica],
    pub(super) memory: &'a Memory,
    pub(super) serves: &'a dyn Fn(&str) -> bool,
    /// How many the runner has decided to run.
    pub(super) wanted: Option<u32>,
    /// The step of the rollout that is under way.
    pub(super) step: Option<&'a Step>,
    /// Whether replicas are being taken away.
    pub(super) draining: bool,
}

impl View<'_> {
    pub(super) fn observed(&self) -> ObservedDeployment {
        let Self { desired, here, memory, .. } = self;
        let digest = plan::digest(desired, here, memory);
        let hash = digest.as_ref().map(|digest| desired.spec.hash(digest, desired.restart));
        let current = |replica: &&&Replica| Some(&replica.hash) == hash.as_ref();
        let ready = here.iter().filter(current).filter(|replica| (self.serves)(&replica.id)).count();
        ObservedDeployment {
            id: desired.id,
            generation: desired.generation,
            release: desired.release,
            digest,
            phase: self.phase(),
            ready: u32::try_from(ready).unwrap_or(u32::MAX),
            wanted: self.wanted,
            replicas: here.iter().map(|replica| self.replica(replica)).collect(),
            trouble: memory.trouble().cloned(),
        }
    }

    fn replica(&self, replica: &Replica) -> ObservedReplica {
        ObservedReplica {
            id: replica.id.chars().take(12).collect(),
            release: replica.release,
            ready: (self.serves)(&replica.id),
            restarts: self.memory.restarts(&replica.id),
        }
    }

    fn phase(&self) -> Phase {
        let Self { desired, here, memory, .. } = self;
        if desired.power == Power::Stopped {
            return if here.is_empty() { Phase::Stopped } else { Phase::Draining };
        }
        if let Some((_, failure)) = memory.failed.as_ref().filter(|_| memory.has_failed(desired)) {
            let serving = here.iter().find(|replica| (self.serves)(&replica.id));
            return Phase::Failed {
                failure: failure.clone(),
                serving: serving.map(|replica| replica.release),
            };
        }
        if memory.live == Some(desired.generation) {
            return Phase::Settled;
        }
        match self.step {
            Some(Step::Pull) => Phase::Pulling,
            None if self.draining => Phase::Draining,
            _ => Phase::Starting,
        }
    }
}
