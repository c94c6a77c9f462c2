//! In which order the runners of a deployment are asked for one request, by what this isolate has seen of them.
//!
//! ```text
//!  due to be tried again, one request at a time ▶ up, by weight ▶ standing by ▶ down
//! ```
//!
//! Nothing of this is told to anyone: an isolate that has seen nothing asks by weight alone, and the request that finds a
//! runner down goes on to the next.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use patr_models::{
    ids::{DeploymentId, RunnerId},
    managed_url::Share,
    time::Millis,
};

/// How long a runner is taken for down at first, in milliseconds; twice as long with each failure after that.
const DOWN_FIRST: u64 = 1000;
/// And at most.
const DOWN_MAX: u64 = 30_000;
/// Pairs of deployment and runner in an isolate's memory.
const REMEMBERED: usize = 4096;
/// The part of a new time in the average.
const NEWEST: f64 = 0.2;
/// How much slower one of two equal runners has to be before the other is preferred; less is noise.
const SLOWER: f64 = 1.5;

thread_local! {
    static BALANCE: RefCell<Balance> = RefCell::default();
}

/// Does something with what this isolate has seen.
pub(super) fn with<T>(of: impl FnOnce(&mut Balance) -> T) -> T {
    BALANCE.with_borrow_mut(of)
}

/// What was seen of a deployment on a runner.
#[derive(Debug, Default)]
struct Seen {
    /// Failures since the last answer.
    failures: u32,
    down_until: Millis,
    /// Whether a request is finding out if it is up again.
    tried: bool,
    /// From question to the head of the answer, in milliseconds: an average that forgets.
    head_ms: Option<f64>,
}

/// What was seen of all of them.
#[derive(Debug, Default)]
pub(super) struct Balance(HashMap<(DeploymentId, RunnerId), Seen>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    /// It was down; whether it still is, is not known.
    Due,
    Down,
}

impl Balance {
    /// Whom to ask, in order. Only a request that `may_fail` there and goes on elsewhere tries a runner that was down first.
    pub(super) fn order(
        &mut self,
        deployment: DeploymentId,
        shares: &[Share],
        now: Millis,
        mut draws: Draws,
        may_fail: bool,
    ) -> Vec<RunnerId> {
        let state = |share: &Share| match self.state((deployment, share.runner), now) {
            // Where nobody may find out, it is found out by chance.
            State::Due if !may_fail => State::Up,
            state => state,
        };
        let stands_by = |share: &Share| share.weight == 0;
        let those = |wanted: State, standby: bool| -> Vec<Share> {
            shares
                .iter()
                .filter(|share| state(share) == wanted && stands_by(share) == standby)
                .copied()
                .collect()
        };
        let (mut up, mut due) = (those(State::Up, false), those(State::Due, false));
        let spares = [those(State::Up, true), those(State::Due, true)].concat();
        let down = [those(State::Down, false), those(State::Down, true)].concat();
        let mut order = Vec::with_capacity(shares.len());
        if !due.is_empty() {
            let first = due.remove(0).runner;
            self.try_again((deployment, first), now);
            order.push(first);
        }
        while !up.is_empty() {
            let next = self.draw(deployment, &up, &mut draws);
            order.push(up.remove(next).runner);
        }
        order.extend(spares.into_iter().chain(due).chain(down).map(|share| share.runner));
        order
    }

    fn state(&self, key: (DeploymentId, RunnerId), now: Millis) -> State {
        match self.0.get(&key) {
            Some(seen) if now < seen.down_until => State::Down,
            Some(seen) if seen.failures > 0 => State::Due,
            _ => State::Up,
        }
    }

    /// For everybody else it stays down until this is found out.
    fn try_again(&mut self, key: (DeploymentId, RunnerId), now: Millis) {
        if let Some(seen) = self.0.get_mut(&key) {
            seen.tried = true;
            seen.down_until = now + pause(seen.failures);
        }
    }

    /// Chooses by weight; of two with the same weight, the one that is quicker.
    fn draw(&self, deployment: DeploymentId, from: &[Share], draws: &mut Draws) -> usize {
        let (one, other) = (draws.by_weight(from), draws.by_weight(from));
        let head = |at: usize| self.0.get(&(deployment, from[at].runner)).and_then(|seen| seen.head_ms);
        let slower = head(one).zip(head(other)).is_some_and(|(one, other)| one > other * SLOWER);
        if from[one].weight == from[other].weight && slower { other } else { one }
    }

    /// A runner answered.
    pub(super) fn answered(&mut self, deployment: DeploymentId, runner: RunnerId, took: Duration) {
        let seen = self.seen((deployment, runner));
        let took = took.as_secs_f64() * 1000.0;
        let head_ms = Some(seen.head_ms.map_or(took, |before| before + NEWEST * (took - before)));
        *seen = Seen { head_ms, ..Seen::default() };
    }

    /// A runner could not answer. Many requests may find that out at once: they count as one.
    pub(super) fn failed(&mut self, deployment: DeploymentId, runner: RunnerId, now: Millis) {
        let seen = self.seen((deployment, runner));
        if now < seen.down_until && !seen.tried {
            return;
        }
        seen.failures = seen.failures.saturating_add(1);
        seen.down_until = now + pause(seen.failures);
        seen.tried = false;
    }

    fn seen(&mut self, key: (DeploymentId, RunnerId)) -> &mut Seen {
        if self.0.len() >= REMEMBERED && !self.0.contains_key(&key) {
            self.0.clear();
        }
        self.0.entry(key).or_default()
    }
}

fn pause(failures: u32) -> Duration {
    let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    Duration::from_millis(DOWN_FIRST.saturating_mul(doubled).min(DOWN_MAX))
}

/// Random numbers out of one (splitmix64).
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(random: u64) -> Self {
        Self(random)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of these, each as often as it weighs.
    fn by_weight(&mut self, from: &[Share]) -> usize {
        let total: u64 = from.iter().map(|share| u64::from(share.weight)).sum();
        let mut left = self.next() % total.max(1);
        for (at, share) in from.iter().enumerate() {
            match left.checked_sub(share.weight.into()) {
                Some(rest) => left = rest,
                None => return at,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use patr_models::ids::Id;

    use super::*;

    const START: Millis = Millis(1_000_000);

    fn runner(n: u128) -> RunnerId {
        RunnerId::from_parts(Millis(0), n)
    }

    fn deployment() -> DeploymentId {
        DeploymentId::from_parts(Millis(0), 0)
    }

    fn shares(weights: &[u8]) -> Vec<Share> {
        (0..).zip(weights).map(|(n, &weight)| Share { runner: runner(n), weight }).collect()
    }

    /// The numbers of the runners in the order in which they are asked, `after` milliseconds.
    fn order(balance: &mut Balance, weights: &[u8], after: u64, random: u64, may_fail: bool) -> Vec<usize> {
        let now = START + Duration::from_millis(after);
        let order = balance.order(deployment(), &shares(weights), now, Draws::new(random), may_fail);
        order
            .iter()
            .map(|id| (0..).zip(0..weights.len()).find(|&(n, _)| runner(n) == *id).unwrap().1)
            .collect()
    }

    fn fail(balance: &mut Balance, n: u128, after: u64) {
        balance.failed(deployment(), runner(n), START + Duration::from_millis(after));
    }

    fn answer(balance: &mut Balance, n: u128, took: u64) {
        balance.answered(deployment(), runner(n), Duration::from_millis(took));
    }

    /// How often each is asked first, of 10,000.
    fn first(balance: &mut Balance, weights: &[u8]) -> Vec<usize> {
        let mut counts = vec![0; weights.len()];
        for random in 0..10_000 {
            counts[order(balance, weights, 0, random, true)[0]] += 1;
        }
        counts
    }

    #[test]
    fn each_is_asked_first_as_often_as_it_weighs() {
        for (weights, parts) in [
            (&[1, 1][..], &[5000, 5000][..]),
            (&[3, 1], &[7500, 2500]),
            (&[100, 0, 0], &[10_000, 0, 0]),
            (&[2, 1, 1], &[5000, 2500, 2500]),
        ] {
            for (count, part) in first(&mut Balance::default(), weights).iter().zip(parts) {
                assert!(count.abs_diff(*part) < 250, "{weights:?}: {count} for {part}");
            }
        }
    }

    #[test]
    fn of_equals_the_quicker_is_preferred_and_a_little_noise_is_none() {
        let mut balance = Balance::default();
        answer(&mut balance, 0, 100);
        answer(&mut balance, 1, 90);
        assert!(first(&mut balance, &[1, 1])[0] > 4750);
        answer(&mut balance, 0, 1000);
        let counts = first(&mut balance, &[1, 1]);
        assert!(
            (2250..2750).contains(&counts[0]),
            "still asked, so that it is known when it is quick: {counts:?}"
        );
        assert!(first(&mut balance, &[3, 1])[0] > 7250, "a weight is somebody's wish");
    }

    #[test]
    fn whoever_is_down_comes_after_those_that_stand_by() {
        let table: [(&[u8], &[u128], &[usize]); 5] = [
            (&[1, 0, 0], &[], &[0, 1, 2]),
            (&[1, 0, 0], &[0], &[1, 2, 0]),
            (&[1, 0, 0], &[0, 1], &[2, 0, 1]),
            (&[1, 0, 0], &[0, 1, 2], &[0, 1, 2]),
            (&[0, 1, 0], &[1], &[0, 2, 1]),
        ];
        for (weights, down, expected) in table {
            let mut balance = Balance::default();
            down.iter().for_each(|&n| fail(&mut balance, n, 0));
            for random in 0..20 {
                assert_eq!(order(&mut balance, weights, 500, random, true), expected, "{weights:?} {down:?}");
            }
        }
    }

    #[test]
    fn one_request_finds_out_whether_a_runner_is_up_again() {
        let mut balance = Balance::default();
        fail(&mut balance, 0, 0);
        assert_eq!(order(&mut balance, &[1, 0], 999, 1, true), [1, 0]);
        assert_eq!(order(&mut balance, &[1, 0], 1000, 1, true), [0, 1], "this one");
        assert_eq!(order(&mut balance, &[1, 0], 1000, 1, true), [1, 0], "and no other");
        answer(&mut balance, 0, 5);
        assert_eq!(order(&mut balance, &[1, 0], 1001, 1, true), [0, 1]);
    }

    #[test]
    fn what_may_not_fail_there_is_no_trial() {
        let mut balance = Balance::default();
        fail(&mut balance, 0, 0);
        let firsts: Vec<usize> = (0..50).map(|n| order(&mut balance, &[1, 1], 1000, n, false)[0]).collect();
        assert!(firsts.contains(&0) && firsts.contains(&1), "by chance only: {firsts:?}");
    }

    #[test]
    fn a_runner_is_down_for_longer_the_more_often_it_fails_and_comes_back_at_once() {
        let mut balance = Balance::default();
        let mut at = 0;
        for down in [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
            fail(&mut balance, 0, at);
            fail(&mut balance, 0, at);
            assert_eq!(order(&mut balance, &[1, 0], at + down - 1, 1, true), [1, 0], "{down}");
            at += down;
            assert_eq!(order(&mut balance, &[1, 0], at, 1, true), [0, 1], "{down}");
        }
        answer(&mut balance, 0, 5);
        fail(&mut balance, 0, at);
        assert_eq!(order(&mut balance, &[1, 0], at + 1000, 1, true), [0, 1], "as at first");
    }
}
