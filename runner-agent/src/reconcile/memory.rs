//! What is remembered of a deployment between two steps; all of it can be found again from labels, or by trying again.

use std::{collections::HashMap, time::Duration};

use patr_models::{
    deployment::{Digest, Failure, FailureKind, Generation, ReleaseNumber},
    wire::DesiredDeployment,
};
use tokio::time::Instant;

use super::{
    plan::{Step, Target},
    steps::{Done, Outcome},
};
use crate::runtime::{Fault, failure};

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Memory {
    /// What is remembered of the rollout is about this generation.
    pub(super) generation: Generation,
    /// What the image of a release turned out to be.
    pub(crate) resolved: Option<(ReleaseNumber, Digest)>,
    /// The generation whose rollout has succeeded.
    pub(crate) live: Option<Generation>,
    /// The generation whose rollout has failed, and why. Not tried again: a newer generation is.
    pub(crate) failed: Option<(Generation, Failure)>,
    /// What is wrong although no rollout is on its way.
    pub(crate) trouble: Option<Failure>,
    /// What did not work and waits to be tried again.
    pub(super) pauses: HashMap<Target, Pause>,
    /// How often replicas that serve were started again.
    pub(super) restarts: HashMap<String, u32>,
}

/// How often something did not work in a row, and when to try it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pause {
    attempt: u32,
    pub(crate) until: Instant,
}

/// Longest pause before something that did not work is tried again.
const PAUSE_MAX: Duration = Duration::from_secs(30);

impl Pause {
    /// After one more failure.
    pub(crate) fn after(last: Option<&Self>, now: Instant) -> Self {
        let attempt = last.map_or(0, |last| last.attempt + 1);
        let pause = Duration::from_millis(250).saturating_mul(1 << attempt.min(10)).min(PAUSE_MAX);
        Self { attempt, until: now + pause }
    }
}

impl Memory {
    pub(crate) fn has_failed(&self, desired: &DesiredDeployment) -> bool {
        self.failed.as_ref().is_some_and(|(generation, _)| *generation == desired.generation)
    }

    /// Whether something may be tried, for the first time or again.
    pub(crate) fn may_try(&self, target: &Target, now: Instant) -> bool {
        self.pauses.get(target).is_none_or(|pause| pause.until <= now)
    }

    /// The next moment at which something is to be tried again.
    pub(crate) fn next_try(&self, now: Instant) -> Option<Instant> {
        self.pauses.values().map(|pause| pause.until).filter(|until| *until > now).min()
    }

    pub(crate) fn restarts(&self, replica: &str) -> u32 {
        self.restarts.get(replica).copied().unwrap_or_default()
    }

    /// Forgets replicas that are not here any more.
    pub(crate) fn forget_others(&mut self, here: impl Fn(&str) -> bool) {
        self.restarts.retain(|replica, _| here(replica));
        self.pauses.retain(|target, _| match target {
            Target::Rollout => true,
            Target::Replica(replica) => here(replica),
        });
    }

    /// What went wrong with an older generation is no reason to wait with a newer one.
    pub(crate) fn turn_to(&mut self, generation: Generation) {
        if self.generation != generation {
            self.generation = generation;
            self.pauses.remove(&Target::Rollout);
            self.calm_down();
        }
    }

    /// Nothing is wrong once nothing waits to be tried again.
    fn calm_down(&mut self) {
        if self.pauses.is_empty() {
            self.trouble = None;
        }
    }

    /// The rollout of a generation has succeeded.
    pub(crate) fn settled(&mut self, generation: Generation) {
        self.live = Some(generation);
        self.calm_down();
    }

    /// Takes the end of a step that was begun for a generation.
    pub(crate) fn ended(&mut self, step: &Step, generation: Generation, outcome: Outcome, now: Instant) {
        match outcome {
            Ok(done) => {
                self.pauses.remove(&step.target());
                self.done(step, done);
            }
            Err(Fault::Away(error)) => {
                self.pause(step.target(), now);
                self.trouble = Some(failure(FailureKind::Runtime, error.to_string()));
            }
            Err(Fault::Failed(why)) => self.did_not_work(step, generation, why, now),
        }
    }

    fn done(&mut self, step: &Step, done: Done) {
        match done {
            Done::Pulled(release, digest) => self.resolved = Some((release, digest)),
            Done::Serves { restarts } => {
                if let Step::Probe { replica } | Step::Readmit { replica, .. } = step {
                    self.restarts.insert(replica.clone(), restarts);
                }
                self.calm_down();
            }
            Done::Buried(why) => self.trouble = why.or(self.trouble.take()),
            Done::Nothing => {}
        }
    }

    fn did_not_work(&mut self, step: &Step, generation: Generation, why: Failure, now: Instant) {
        match step {
            Step::Pull | Step::Start { .. } | Step::Probe { .. } if self.live != Some(generation) => {
                self.failed = Some((generation, why));
            }
            _ => {
                self.trouble = Some(why);
                self.pause(step.target(), now);
            }
        }
    }

    fn pause(&mut self, target: Target, now: Instant) {
        let pause = Pause::after(self.pauses.get(&target), now);
        self.pauses.insert(target, pause);
    }
}
