//! How one release follows another.
//!
//! ```text
//! rolling      start, probe, serve one new · shelve one old · and again · remove the old
//! blue-green   start all new · probe them together · serve together · remove the old
//! recreate     shelve all old · start, probe, serve the new one by one · remove the old
//! ```
//!
//! A shelved replica is stopped and kept. Should the rollout fail, it runs again, so what served before serves again
//! as a whole, although its specification is known here no more.

use patr_models::deployment::{Digest, Strategy};

use super::{Situation, Step, is_over};
use crate::runtime::{Replica, ReplicaState};

fn runs(replica: &Replica) -> bool {
    matches!(replica.state, ReplicaState::Running(_) | ReplicaState::Restarting)
}

/// Whether it served once, and was stopped.
fn is_shelved(replica: &Replica) -> bool {
    replica.proven && replica.state == ReplicaState::Exited
}

impl<'a> Situation<'a> {
    pub(super) fn roll_out(&self, current: &[&'a Replica], old: &[&'a Replica], digest: Digest) -> Vec<Step> {
        if self.memory.has_failed(self.desired) {
            return self.give_up(current, old);
        }
        let mut steps = if self.serving(current) >= self.wanted {
            self.retire(old.iter().copied())
        } else {
            match self.desired.spec.strategy() {
                Strategy::Rolling => self.rolling(current, old, digest),
                Strategy::BlueGreen => self.blue_green(current, old, digest),
                Strategy::Recreate => self.recreate(current, old, digest),
            }
        };
        steps.extend(self.reduce(current));
        steps
    }

    fn rolling(&self, current: &[&'a Replica], old: &[&'a Replica], digest: Digest) -> Vec<Step> {
        let mut steps = self.drop_begun(old);
        steps.extend(self.make_room(current, old));
        steps.extend(self.one_by_one(current, old, digest));
        steps
    }

    fn blue_green(&self, current: &[&'a Replica], old: &[&'a Replica], digest: Digest) -> Vec<Step> {
        let mut steps = self.drop_begun(old);
        let unproven = self.unproven(current, old);
        // Why one has ended is found out before more are started.
        let ended = unproven.iter().any(|replica| replica.state == ReplicaState::Exited);
        let next = if current.len() < self.wanted && !ended {
            self.get(digest)
        } else if unproven.is_empty() {
            return steps;
        } else {
            Step::Probe { replicas: unproven.iter().map(|replica| replica.id.clone()).collect() }
        };
        steps.extend(self.begin(next));
        steps
    }

    /// The old replicas and the new ones never run at the same time, and nothing is stopped for an image that cannot be
    /// had.
    fn recreate(&self, current: &[&'a Replica], old: &[&'a Replica], digest: Digest) -> Vec<Step> {
        let mut steps = self.drop_begun(old);
        if current.len() < self.wanted && !self.has_image() {
            steps.extend(self.begin(Step::Pull));
            return steps;
        }
        steps.extend(self.shelve(old.iter().copied().filter(|replica| self.is_worth_keeping(replica))));
        if !self.leaving && !old.iter().any(|replica| runs(replica)) {
            steps.extend(self.one_by_one(current, old, digest));
        }
        steps
    }

    fn one_by_one(&self, current: &[&'a Replica], old: &[&'a Replica], digest: Digest) -> Option<Step> {
        if let Some(replica) = self.unproven(current, old).first() {
            return self.begin(Step::Probe { replicas: vec![replica.id.clone()] });
        }
        if current.len() < self.wanted { self.begin(self.get(digest)) } else { None }
    }

    /// New replicas that have to prove themselves, for the first time or once more.
    fn unproven(&self, current: &[&'a Replica], old: &[&'a Replica]) -> Vec<&'a Replica> {
        let adopted = self.is_adopted(old);
        let done =
            |replica: &Replica| self.is_admitted(replica) || is_over(replica) || replica.proven && adopted;
        current.iter().copied().filter(|replica| !done(replica)).collect()
    }

    /// With each new replica that serves one old one goes: first those that do not serve anyway, then those of a
    /// rollout that was superseded.
    fn make_room(&self, current: &[&'a Replica], old: &[&'a Replica]) -> Vec<Step> {
        let new = self.serving(current);
        if new == 0 {
            return Vec::new();
        }
        let mut running: Vec<&Replica> =
            old.iter().copied().filter(|replica| self.is_worth_keeping(replica)).collect();
        let goes = |replica: &Replica| !self.serves(replica) || self.is_busy(replica);
        running.sort_by_key(|replica| (goes(replica), replica.generation));
        self.shelve(running.into_iter().skip(self.wanted - new))
    }

    /// What an older rollout had begun and not proved is in nobody's way if it goes at once.
    fn drop_begun(&self, old: &[&'a Replica]) -> Vec<Step> {
        self.retire(
            old.iter().copied().filter(|replica| !self.is_worth_keeping(replica) && !is_shelved(replica)),
        )
    }

    /// More than are wanted: first those that do not serve.
    fn reduce(&self, current: &[&'a Replica]) -> Vec<Step> {
        let (idle, busy): (Vec<&Replica>, Vec<&Replica>) =
            current.iter().copied().partition(|replica| !self.serves(replica));
        let surplus = current.len().saturating_sub(self.wanted);
        self.retire(idle.into_iter().chain(busy).take(surplus))
    }

    /// The rollout has failed. What was begun goes, and what was shelved runs again; but what serves goes only for
    /// something that serves instead.
    pub(super) fn give_up(&self, current: &[&'a Replica], old: &[&'a Replica]) -> Vec<Step> {
        let (fallback, mut others) = self.fallback(old);
        others.extend(current);
        let begun = |replica: &&Replica| !(replica.proven || self.serves(replica));
        if !fallback.iter().any(|replica| self.serves(replica) || is_shelved(replica)) {
            return self.retire(others.into_iter().filter(begun));
        }
        let shelved = || fallback.iter().copied().filter(|replica| is_shelved(replica));
        if self.desired.spec.strategy() == Strategy::Recreate {
            let alone = others.is_empty() && !self.leaving;
            let mut steps = self.retire(others);
            steps.extend(alone.then(|| self.revive(shelved())).into_iter().flatten());
            return steps;
        }
        // There is no newer one to replace what is not alive: it is stopped, and revived.
        let dead = |replica: &&Replica| runs(replica) && self.memory.is_dead(&replica.id);
        let whole = fallback.iter().all(|replica| !is_shelved(replica) && !self.is_busy(replica));
        let replaced = whole && fallback.iter().any(|replica| self.serves(replica));
        let mut steps = self.revive(shelved());
        steps.extend(self.shelve(fallback.iter().copied().filter(dead)));
        steps.extend(self.retire(others.into_iter().filter(|replica| replaced || begun(replica))));
        steps
    }

    /// Of the old replicas, those that served before the rollout, and those of rollouts that were superseded.
    fn fallback(&self, old: &[&'a Replica]) -> (Vec<&'a Replica>, Vec<&'a Replica>) {
        let proven = || old.iter().copied().filter(|replica| replica.proven);
        // Of an older agent nothing is remembered; a release that was live is the oldest one that is still here.
        let live = self.memory.live.and_then(|live| {
            proven().filter(|replica| replica.generation <= live).max_by_key(|replica| replica.generation)
        });
        let whole = live.or_else(|| proven().min_by_key(|replica| replica.generation));
        old.iter()
            .copied()
            .partition(|replica| replica.proven && whole.is_some_and(|whole| whole.hash == replica.hash))
    }

    fn is_worth_keeping(&self, replica: &Replica) -> bool {
        runs(replica) && (replica.proven || self.serves(replica))
    }

    fn shelve(&self, replicas: impl IntoIterator<Item = &'a Replica>) -> Vec<Step> {
        let free = replicas.into_iter().filter(|replica| self.may_try(replica));
        free.map(|replica| Step::Shelve { replica: replica.id.clone() }).collect()
    }

    fn revive(&self, replicas: impl IntoIterator<Item = &'a Replica>) -> Vec<Step> {
        let free = replicas.into_iter().filter(|replica| self.may_try(replica));
        free.map(|replica| Step::Revive { replica: replica.id.clone(), probe: replica.probe.clone() })
            .collect()
    }
}
