//! The next steps for one deployment: a function of what is desired, what is here, what is remembered, and the time.
//!
//! A rollout takes one step at a time; what concerns only a replica that served need not wait for it. Called again
//! after each step, so a step that failed, a container that died or an agent that restarted are all the same case:
//! look, and go on from there. How one release follows another is in [`strategies`].

mod strategies;

use patr_models::{
    deployment::{Digest, Power, spec::Probe},
    wire::DesiredDeployment,
};
use tokio::time::Instant;

use super::memory::Memory;
use crate::runtime::{Replica, ReplicaState};

/// A thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Find out what the image is, and get it. Nothing that runs is touched.
    Pull,
    /// Start one more replica.
    Start { digest: Digest, hash: String },
    /// Wait until these new replicas answer, and let them serve together.
    Probe { replicas: Vec<String> },
    /// Ask a replica once that served before, and let it serve again.
    Readmit { replica: String, probe: Option<Probe> },
    /// Take this replica out, let it finish, stop it, and keep it for the case that the rollout fails.
    Shelve { replica: String },
    /// Run a shelved replica again, and let it serve.
    Revive { replica: String, probe: Option<Probe> },
    /// Take this replica out, let it finish, stop it, remove it.
    Retire { replica: String },
    /// Remove a container that has ended.
    Bury { replica: String },
}

/// What a step is about. There is one step for each at a time, and it alone waits when that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Rollout,
    Replica(String),
}

impl Step {
    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Pull | Self::Start { .. } | Self::Probe { .. } => Target::Rollout,
            Self::Readmit { replica, .. }
            | Self::Shelve { replica }
            | Self::Revive { replica, .. }
            | Self::Retire { replica }
            | Self::Bury { replica } => Target::Replica(replica.clone()),
        }
    }
}

/// What a plan is made from.
pub(crate) struct Situation<'a> {
    pub(crate) desired: &'a DesiredDeployment,
    /// How many replicas there should be.
    pub(crate) wanted: usize,
    /// Without those that are being taken away.
    pub(crate) here: &'a [&'a Replica],
    /// Whether some are being taken away, and may still run.
    pub(crate) leaving: bool,
    pub(crate) memory: &'a Memory,
    /// Where a replica is for the proxy.
    pub(crate) place: &'a dyn Fn(&str) -> Place,
    /// Whether a step about this is under way.
    pub(crate) busy: &'a dyn Fn(&Target) -> bool,
    pub(crate) now: Instant,
}

/// Where a replica is for the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Out,
    /// In, and left out for as long as it says that it is not ready.
    Unready,
    Serving,
}

/// The digest of the current release, from wherever it is known.
pub(crate) fn digest(desired: &DesiredDeployment, here: &[&Replica], memory: &Memory) -> Option<Digest> {
    let remembered = memory.resolved.as_ref().filter(|(release, _)| *release == desired.release);
    let labelled = || here.iter().find(|replica| replica.release == desired.release)?.digest.clone();
    desired.digest.clone().or_else(|| remembered.map(|(_, digest)| digest.clone())).or_else(labelled)
}

/// Decides what to do now; nothing, when there is nothing to do or something is to be waited for.
pub(crate) fn plan(situation: &Situation<'_>) -> Vec<Step> {
    let Situation { desired, here, memory, .. } = situation;
    if !situation.wants_replicas() {
        return situation.retire(here.iter().copied());
    }
    let Some(digest) = digest(desired, here, memory) else {
        let mut steps = situation.readmit(here, None);
        steps.extend(situation.begin(Step::Pull));
        if memory.has_failed(desired) {
            // A release before this one may have been on its way.
            steps.extend(situation.give_up(&[], here));
        }
        return steps;
    };
    let (current, old) = situation.split(&digest);
    let mut steps = situation.serve_again(&current, &old);
    // A container that is being started must not be taken for one that has ended.
    if !(situation.busy)(&Target::Rollout) {
        steps.extend(situation.bury(&current));
        let rollout = situation.roll_out(&current, &old, digest);
        // One that is to go is not let in first.
        steps.retain(|step| rollout.iter().all(|other| other.target() != step.target()));
        steps.extend(rollout);
    }
    steps
}

/// Whether the rollout is over, and well: the wanted replicas have all been proved, and no others are left but such
/// as could not be removed.
pub(crate) fn settled(situation: &Situation<'_>) -> bool {
    let Situation { desired, here, memory, .. } = situation;
    let stuck = |replica: &&&Replica| !situation.may_try(replica);
    if memory.has_failed(desired) {
        return false;
    }
    if !situation.wants_replicas() {
        return here.iter().all(|replica| stuck(&replica));
    }
    let Some(digest) = digest(desired, here, memory) else { return false };
    let (current, old) = situation.split(&digest);
    let wanted = situation.wanted;
    let surplus = current.len().saturating_sub(wanted);
    current.iter().filter(|replica| replica.proven).count() >= wanted
        && old.iter().all(|replica| stuck(&replica))
        && surplus <= current.iter().filter(stuck).count()
}

fn is_over(replica: &Replica) -> bool {
    match replica.state {
        ReplicaState::Created => true,
        ReplicaState::Exited => replica.proven,
        ReplicaState::Running(_) | ReplicaState::Restarting => false,
    }
}

impl<'a> Situation<'a> {
    fn wants_replicas(&self) -> bool {
        self.desired.power == Power::Running && self.wanted > 0
    }

    /// The replicas of what is desired, and all others. One that is not alive any more has to be replaced like those,
    /// unless nothing is left that could replace it because the rollout has failed.
    fn split(&self, digest: &Digest) -> (Vec<&'a Replica>, Vec<&'a Replica>) {
        let hash = self.desired.spec.hash(digest, self.desired.restart);
        let live = self.memory.live == Some(self.desired.generation);
        let fit = |replica: &Replica| !(live && self.memory.is_dead(&replica.id));
        self.here.iter().copied().partition(|replica| replica.hash == hash && fit(replica))
    }

    fn serves(&self, replica: &Replica) -> bool {
        (self.place)(&replica.id) == Place::Serving
    }

    fn is_admitted(&self, replica: &Replica) -> bool {
        (self.place)(&replica.id) != Place::Out
    }

    fn serving(&self, replicas: &[&Replica]) -> usize {
        replicas.iter().filter(|replica| self.serves(replica)).count()
    }

    fn is_busy(&self, replica: &Replica) -> bool {
        (self.busy)(&Target::Replica(replica.id.clone()))
    }

    fn may_try(&self, replica: &Replica) -> bool {
        let target = Target::Replica(replica.id.clone());
        !(self.busy)(&target) && self.memory.may_try(&target, self.now)
    }

    /// A step of the rollout, unless another is under way, it has failed, or it waits to be tried again.
    fn begin(&self, step: Step) -> Option<Step> {
        let free = !(self.busy)(&Target::Rollout) && self.memory.may_try(&Target::Rollout, self.now);
        (free && !self.memory.has_failed(self.desired)).then_some(step)
    }

    fn retire<'r>(&self, replicas: impl IntoIterator<Item = &'r Replica>) -> Vec<Step> {
        let free = replicas.into_iter().filter(|replica| self.may_try(replica));
        free.map(|replica| Step::Retire { replica: replica.id.clone() }).collect()
    }

    /// Containers that will not run again by themselves. One that has ended before it was proved is not among them:
    /// its reason is to be found first.
    fn bury(&self, current: &[&Replica]) -> Vec<Step> {
        let ended = |replica: &&&Replica| is_over(replica) && self.may_try(replica);
        let bury = |replica: &&Replica| Step::Bury { replica: replica.id.clone() };
        current.iter().filter(ended).map(bury).collect()
    }

    /// Replicas that served before this agent started, or before they were started again. Old ones count while the
    /// new ones are not all there: a rollout that has failed lives on them.
    fn serve_again(&self, current: &[&Replica], old: &[&Replica]) -> Vec<Step> {
        let replaced = self.serving(current) >= self.wanted;
        let mut steps = if replaced { Vec::new() } else { self.readmit(old, None) };
        if self.is_adopted(old) {
            steps.extend(self.readmit(current, self.desired.spec.effective_probe()));
        }
        steps
    }

    /// Whether current replicas are what serves here anyway. While they replace others they have to prove themselves
    /// once more, for those others are still there.
    fn is_adopted(&self, old: &[&Replica]) -> bool {
        let live = self.memory.live == Some(self.desired.generation);
        live || old.is_empty() || self.memory.has_failed(self.desired)
    }

    fn readmit(&self, replicas: &[&Replica], probe: Option<Probe>) -> Vec<Step> {
        let away = |replica: &&&Replica| {
            let alive = matches!(replica.state, ReplicaState::Running(_) | ReplicaState::Restarting);
            replica.proven && alive && !self.is_admitted(replica) && self.may_try(replica)
        };
        let readmit = |replica: &&Replica| {
            let probe = probe.clone().or_else(|| replica.probe.clone());
            Step::Readmit { replica: replica.id.clone(), probe }
        };
        replicas.iter().filter(away).map(readmit).collect()
    }

    /// One more replica. The image may be gone although its digest is known, so it is looked for first.
    fn get(&self, digest: Digest) -> Step {
        if !self.has_image() {
            return Step::Pull;
        }
        let hash = self.desired.spec.hash(&digest, self.desired.restart);
        Step::Start { digest, hash }
    }

    fn has_image(&self) -> bool {
        self.memory.resolved.as_ref().is_some_and(|(release, _)| *release == self.desired.release)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
