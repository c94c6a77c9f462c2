//! What comes in quick succession is told together: the first at once, what follows within [`PAUSE`] at its end.
//!
//! A change that comes alone starts no timer, because the object is paid for while it waits for one. This is in memory only:
//! the object does not sleep while a timer runs, and what ends the object ends the connections of those who would have been
//! told.

use std::{collections::BTreeSet, mem, time::Duration};

use patr_models::time::Millis;

/// How long what follows is gathered.
pub const PAUSE: Duration = Duration::from_millis(250);

/// This long after it was due a timer is taken for lost: what waits must not wait for ever.
const LOST: Duration = Duration::from_secs(10);

/// What waits to be told.
#[derive(Debug)]
pub struct Gather<T> {
    waiting: BTreeSet<T>,
    last: Option<Millis>,
    /// When what waits is to be told.
    due: Option<Millis>,
}

impl<T> Default for Gather<T> {
    fn default() -> Self {
        Self { waiting: BTreeSet::new(), last: None, due: None }
    }
}

impl<T: Ord> Gather<T> {
    /// Takes in what is to be told. After how long the caller is to take it out again, unless somebody else is to.
    pub fn add(&mut self, what: impl IntoIterator<Item = T>, now: Millis) -> Option<Duration> {
        self.waiting.extend(what);
        let is_awaited = self.due.is_some_and(|due| now <= due + LOST);
        if self.waiting.is_empty() || is_awaited {
            return None;
        }
        let due = self.last.map_or(now, |last| now.max(last + PAUSE));
        self.due = Some(due);
        Some(due.since(now))
    }

    /// What is to be told now.
    pub fn take(&mut self, now: Millis) -> BTreeSet<T> {
        self.due = None;
        self.last = Some(now);
        mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

    #[test]
    fn the_first_is_told_at_once_and_what_follows_once_and_together() {
        let mut gather = Gather::default();
        assert_eq!(gather.add(["a"], Millis(1_000)), AT_ONCE);
        assert_eq!(gather.take(Millis(1_000)), ["a"].into());
        assert_eq!(gather.add(["b"], Millis(1_010)), Some(Duration::from_millis(240)));
        assert_eq!(gather.add(["b", "a"], Millis(1_020)), None);
        assert_eq!(gather.take(Millis(1_250)), ["a", "b"].into());
        assert_eq!(gather.add(["a"], Millis(1_500)), AT_ONCE, "it comes alone");
    }

    #[test]
    fn what_goes_on_changing_is_told_once_in_each_pause() {
        let (mut gather, mut told, mut due) = (Gather::default(), 0, None);
        for now in (0..10_000).map(Millis) {
            if let Some(wait) = gather.add(["a"], now) {
                due = Some(now + wait);
            }
            if due == Some(now) {
                told += gather.take(now).len();
                due = None;
            }
        }
        assert_eq!(told, 40);
    }

    #[test]
    fn nothing_has_nobody_wait() {
        let mut gather = Gather::<u8>::default();
        assert_eq!(gather.add([], Millis(0)), None);
        assert_eq!(gather.add([1], Millis(0)), AT_ONCE);
    }

    #[test]
    fn a_timer_that_was_lost_loses_nothing_that_waits() {
        let mut gather = Gather::default();
        gather.add(["a"], Millis(0));
        assert_eq!(gather.add(["b"], Millis(10_000)), None);
        assert_eq!(gather.add(["c"], Millis(10_001)), AT_ONCE);
        assert_eq!(gather.take(Millis(10_001)), ["a", "b", "c"].into());
    }
}
