//! The next step for one deployment: a function of what is desired, what is here, and what is remembered.
//!
//! Called again after each step, so a step that failed, a container that died or an agent that restarted are all the
//! same case: look, and take the next step from there.

use patr_models::{
    deployment::{Digest, Failure, Generation, Power, ReleaseNumber},
    wire::DesiredDeployment,
};

use crate::runtime::{Replica, ReplicaState};

/// What is remembered of a deployment; all of it can be found again from labels, or by trying again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Memory {
    /// What the image of a release turned out to be.
    pub(crate) resolved: Option<(ReleaseNumber, Digest)>,
    /// The generation whose rollout has succeeded.
    pub(crate) live: Option<Generation>,
    /// The generation whose rollout has failed, and why. Not tried again: a newer generation is.
    pub(crate) failed: Option<(Generation, Failure)>,
    /// What is wrong with a rollout that had succeeded.
    pub(crate) trouble: Option<Failure>,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Find out what the image is, and get it. Nothing that runs is touched.
    Pull,
    /// Start one more replica.
    Start { digest: Digest, hash: String },
    /// See whether this replica serves.
    Probe { replica: String },
    /// Take this replica out, let it finish, stop it.
    Retire { replica: String },
    /// Remove a container that has ended.
    Bury { replica: String },
    /// Nothing is to be done.
    Rest,
}

/// The digest of the current release, from wherever it is known.
pub(crate) fn digest(desired: &DesiredDeployment, here: &[Replica], memory: &Memory) -> Option<Digest> {
    let remembered = memory.resolved.clone().filter(|(release, _)| *release == desired.release);
    let labelled = || here.iter().find(|replica| replica.release == desired.release)?.digest.clone();
    desired.digest.clone().or(remembered.map(|(_, digest)| digest)).or_else(labelled)
}

/// Decides the next step. `serves` says whether a replica is in the proxy.
pub(crate) fn plan(
    desired: &DesiredDeployment,
    here: &[Replica],
    memory: &Memory,
    serves: impl Fn(&str) -> bool,
) -> Step {
    if desired.power == Power::Stopped || desired.replicas == 0 {
        return here.first().map_or(Step::Rest, retire);
    }
    let Some(digest) = digest(desired, here, memory) else {
        return if has_failed(desired, memory) { Step::Rest } else { Step::Pull };
    };
    let hash = desired.spec.hash(&digest, desired.restart);
    let (current, old): (Vec<&Replica>, Vec<&Replica>) =
        here.iter().partition(|replica| replica.hash == hash);
    if let Some(dead) = current.iter().find(|replica| replica.state == ReplicaState::Exited) {
        return Step::Bury { replica: dead.id.clone() };
    }
    if has_failed(desired, memory) {
        // What was begun goes, unless it is all that serves: a failed scaling must not take what was there.
        let begun = current.iter().find(|replica| !serves(&replica.id) || !old.is_empty());
        return begun.map_or(Step::Rest, |replica| retire(replica));
    }
    if let Some(unproven) = current.iter().find(|replica| !serves(&replica.id)) {
        return Step::Probe { replica: unproven.id.clone() };
    }
    let wanted = desired.replicas as usize;
    if current.len() < wanted {
        // The image may be gone although its digest is known.
        let pulled = memory.resolved.as_ref().is_some_and(|(release, _)| *release == desired.release);
        return if pulled { Step::Start { digest, hash } } else { Step::Pull };
    }
    if let Some(replica) = old.first() {
        return retire(replica);
    }
    current.get(wanted).map_or(Step::Rest, |replica| retire(replica))
}

fn has_failed(desired: &DesiredDeployment, memory: &Memory) -> bool {
    memory.failed.as_ref().is_some_and(|(generation, _)| *generation == desired.generation)
}

fn retire(replica: &Replica) -> Step {
    Step::Retire { replica: replica.id.clone() }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
