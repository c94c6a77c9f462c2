//! Requests that wait for a lane whose agent is away.
//!
//! An agent that restarts or reconnects is back within seconds, and whoever asks meanwhile need not hear of it. One that
//! has been away for longer may never come: nobody waits for that.

use std::{collections::VecDeque, time::Duration};

use futures_channel::oneshot::{self, Receiver, Sender};
use patr_models::time::Millis;
use serde::{Deserialize, Serialize};

/// How long a request waits.
pub const WAIT: Duration = Duration::from_secs(15);

/// How long an agent that is away is waited for.
pub const AWAITED: Duration = Duration::from_secs(60);

/// Requests that may wait. What they were opened with is in memory: at most 192 KiB each.
pub const PLACES: usize = 200;

/// Whether a lane has an agent; kept, because an object that wakes up does not know what it waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Presence {
    /// There was none, or its token is no longer good.
    #[default]
    Unknown,
    Here,
    Gone {
        at: Millis,
    },
}

impl Presence {
    /// What is true when there is no socket: one that was here has gone without a word, as when the platform moved the
    /// object.
    pub fn without_socket(self, now: Millis) -> Self {
        if self == Self::Here { Self::Gone { at: now } } else { self }
    }

    /// Whether the agent may be back any moment.
    pub fn is_awaited(self, now: Millis) -> bool {
        match self {
            Self::Unknown => false,
            Self::Here => true,
            Self::Gone { at } => now.since(at) <= AWAITED,
        }
    }
}

/// Who waits; each is given the lane when it comes.
#[derive(Debug)]
pub struct Parking<L> {
    waiting: VecDeque<Sender<L>>,
}

impl<L> Default for Parking<L> {
    fn default() -> Self {
        Self { waiting: VecDeque::new() }
    }
}

impl<L: Clone> Parking<L> {
    /// A place, if one is free. Whoever gives up the receiver has left.
    pub fn enter(&mut self) -> Option<Receiver<L>> {
        self.waiting.retain(|waiter| !waiter.is_canceled());
        if self.waiting.len() >= PLACES {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting.push_back(sender);
        Some(receiver)
    }

    /// The lane is there: all go on, in the order in which they came.
    pub fn arrived(&mut self, lane: &L) {
        for waiter in self.waiting.drain(..) {
            // Whoever left in the meantime need not hear.
            let _ = waiter.send(lane.clone());
        }
    }

    /// Nothing will come.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    #[test]
    fn an_agent_is_awaited_for_a_minute_after_it_went() {
        let gone = Presence::Gone { at: NOW };
        assert!(gone.is_awaited(NOW + AWAITED));
        assert!(!gone.is_awaited(NOW + AWAITED + Duration::from_millis(1)));
        assert!(!Presence::Unknown.is_awaited(NOW));
    }

    #[test]
    fn an_agent_that_went_without_a_word_is_missed_from_when_that_is_noticed() {
        assert_eq!(Presence::Here.without_socket(NOW), Presence::Gone { at: NOW });
        let gone = Presence::Gone { at: Millis(5) };
        assert_eq!(gone.without_socket(NOW), gone);
        assert_eq!(Presence::Unknown.without_socket(NOW), Presence::Unknown);
    }

    #[test]
    fn everybody_who_waits_is_given_the_lane() {
        let mut parking = Parking::default();
        let (mut one, mut two) = (parking.enter().unwrap(), parking.enter().unwrap());
        assert_eq!(one.try_recv(), Ok(None));
        parking.arrived(&7);
        assert_eq!((one.try_recv(), two.try_recv()), (Ok(Some(7)), Ok(Some(7))));
    }

    #[test]
    fn places_are_bounded_and_whoever_leaves_frees_one() {
        let mut parking = Parking::<u8>::default();
        let mut waiting: Vec<_> = (0..PLACES).map(|_| parking.enter().unwrap()).collect();
        assert!(parking.enter().is_none());
        waiting.pop();
        assert!(parking.enter().is_some());
    }

    #[test]
    fn nobody_waits_for_an_agent_whose_token_was_revoked() {
        let mut parking = Parking::<u8>::default();
        let mut waiting = parking.enter().unwrap();
        parking.clear();
        assert!(waiting.try_recv().is_err());
    }
}
