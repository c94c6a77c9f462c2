//! What is remembered of a deployment between two steps; all of it can be found again from labels, or by trying again.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use patr_models::{
    deployment::{Digest, Failure, FailureKind, Generation, ReleaseNumber},
    wire::{DesiredDeployment, Revision},
};
use tokio::time::Instant;

use super::{
    plan::{Step, Target},
    steps::{Done, Outcome},
    watch::Verdict,
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
    /// Replicas that do not answer their readiness or liveness probe, and why.
    pub(super) unwell: HashMap<String, Failure>,
    /// Those among them that have to be replaced.
    pub(super) dead: HashSet<String>,
    /// What the rollout waits for is in another snapshot than the one of this revision.
    pub(super) waits_since: Option<Revision>,
    pub(super) revision: Revision,
    /// The images of the last releases, the newest first: a rollback finds them here.
    pub(super) images: VecDeque<Digest>,
}

/// How often something did not work in a row, and when to try it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pause {
    attempt: u32,
    pub(crate) until: Instant,
}

/// Images that are kept of a deployment: of its current release and the three before it.
const IMAGES: usize = 4;
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
    /// Of a rollout that failed under an agent before this one.
    pub(super) fn of_failed(failed: (Generation, Failure)) -> Self {
        Self { failed: Some(failed), ..Self::default() }
    }

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

    /// What is wrong.
    pub(super) fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref().or_else(|| self.unwell.values().next())
    }

    /// The images that are to stay here for it.
    pub(super) fn images(&self) -> impl Iterator<Item = &Digest> {
        self.images.iter()
    }

    pub(super) fn is_dead(&self, replica: &str) -> bool {
        self.dead.contains(replica)
    }

    pub(crate) fn restarts(&self, replica: &str) -> u32 {
        self.restarts.get(replica).copied().unwrap_or_default()
    }

    /// Forgets replicas that are not here any more.
    pub(crate) fn forget_others(&mut self, here: impl Fn(&str) -> bool) {
        self.restarts.retain(|replica, _| here(replica));
        self.unwell.retain(|replica, _| here(replica));
        self.dead.retain(|replica| here(replica));
        self.pauses.retain(|target, _| match target {
            Target::Rollout => true,
            Target::Replica(replica) => here(replica),
        });
    }

    /// What went wrong with an older generation is no reason to wait with a newer one.
    pub(crate) fn turn_to(&mut self, generation: Generation, revision: Revision) {
        self.revision = revision;
        if self.waits_since.is_some_and(|since| since != revision) {
            self.waits_since = None;
            self.pauses.remove(&Target::Rollout);
        }
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
            Err(Fault::Away(error)) => self.is_tried_again(step, error.to_string(), now),
            Err(Fault::Gone(why)) => self.is_tried_again(step, why, now),
            Err(Fault::Failed(why)) => self.did_not_work(step, generation, why, now),
        }
    }

    fn done(&mut self, step: &Step, done: Done) {
        match done {
            Done::Pulled(release, digest) => {
                self.images.retain(|image| *image != digest);
                self.images.push_front(digest.clone());
                self.images.truncate(IMAGES);
                self.resolved = Some((release, digest));
            }
            Done::Serve(replicas) => {
                for (replica, restarts) in replicas {
                    self.is_well(&replica);
                    self.restarts.insert(replica, restarts);
                }
                self.calm_down();
            }
            Done::Buried(why) => self.trouble = why.or(self.trouble.take()),
            Done::Nothing => {
                if let Step::Shelve { replica } = step {
                    self.is_well(replica);
                }
            }
        }
    }

    /// What a replica answers its probes from now on. One that is not well before its rollout is over has failed it.
    pub(super) fn judged(&mut self, replica: &str, verdict: Verdict, generation: Generation) {
        match verdict {
            Verdict::Ready => self.is_well(replica),
            Verdict::Unready(why) => self.is_unwell(replica, why, generation),
            Verdict::Dead(why) => {
                self.dead.insert(replica.to_owned());
                self.is_unwell(replica, why, generation);
            }
        }
    }

    fn is_well(&mut self, replica: &str) {
        self.unwell.remove(replica);
        self.dead.remove(replica);
    }

    fn is_unwell(&mut self, replica: &str, why: Failure, generation: Generation) {
        if generation == self.generation && self.live != Some(generation) {
            self.failed = Some((generation, why));
        } else {
            self.unwell.insert(replica.to_owned(), why);
        }
    }

    fn did_not_work(&mut self, step: &Step, generation: Generation, why: Failure, now: Instant) {
        let decides =
            matches!(step, Step::Pull | Step::Start { .. } | Step::Probe { .. } | Step::Shelve { .. });
        if why.kind == FailureKind::SecretSealed {
            // The edge has to seal them anew, and says so in another snapshot.
            self.waits_since = Some(self.revision);
        } else if decides && self.live != Some(generation) {
            self.failed = Some((generation, why));
            return;
        }
        self.trouble = Some(why);
        self.pause(step.target(), now);
    }

    fn is_tried_again(&mut self, step: &Step, why: String, now: Instant) {
        self.pause(step.target(), now);
        self.trouble = Some(failure(FailureKind::Runtime, why));
    }

    fn pause(&mut self, target: Target, now: Instant) {
        let pause = Pause::after(self.pauses.get(&target), now);
        self.pauses.insert(target, pause);
    }
}
