//! Which lane a request is tried on, and how often.
//!
//! ```text
//!  each lane once ──all down──▶ the first again, where it may wait for the agent
//!        ▲                                     │
//!        └── once: the agent was lost before ──┘
//!            it answered, and asking twice does no harm
//! ```

use patr_models::{internal::TunnelTrouble, limits::TUNNEL_LANES};

/// One try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) lane: u8,
    /// Whether the request may wait in the lane's object for the agent to come back.
    pub(super) may_wait: bool,
}

/// The tries of one request.
pub(super) struct Attempts {
    first: u8,
    /// How many were made of this round.
    made: u8,
    /// Whether there is only one try, because the body can be handed over only once.
    single: bool,
    /// Whether everything may be tried anew after the agent was lost.
    repeatable: bool,
}

impl Attempts {
    pub(super) fn new(first: u8, single: bool, repeatable: bool) -> Self {
        Self { first, made: 0, single, repeatable: repeatable && !single }
    }

    /// The try that is next.
    pub(super) fn current(&self) -> Attempt {
        let may_wait = self.single || self.made == TUNNEL_LANES;
        Attempt { lane: (self.first + self.made) % TUNNEL_LANES, may_wait }
    }

    /// Whether [`Self::current`] is to be tried after the last try came to `trouble`.
    pub(super) fn go_on(&mut self, trouble: TunnelTrouble) -> bool {
        match trouble {
            TunnelTrouble::LaneDown if !self.current().may_wait => {
                self.made += 1;
                true
            }
            TunnelTrouble::Lost if self.repeatable => {
                (self.repeatable, self.made) = (false, 0);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tries of a request that meets these troubles.
    fn tries(mut attempts: Attempts, troubles: &[TunnelTrouble]) -> Vec<(u8, bool)> {
        let mut made = Vec::new();
        let mut troubles = troubles.iter();
        loop {
            let Attempt { lane, may_wait } = attempts.current();
            made.push((lane, may_wait));
            let Some(&trouble) = troubles.next() else { return made };
            if !attempts.go_on(trouble) {
                return made;
            }
        }
    }

    #[test]
    fn every_lane_is_tried_before_a_request_waits_for_the_first() {
        let down = [TunnelTrouble::LaneDown; 9];
        assert_eq!(tries(Attempts::new(1, false, true), &down), [(1, false), (0, false), (1, true)]);
    }

    #[test]
    fn a_body_is_handed_over_once_and_may_wait_there() {
        assert_eq!(tries(Attempts::new(1, true, true), &[TunnelTrouble::LaneDown]), [(1, true)]);
        assert_eq!(tries(Attempts::new(1, true, true), &[TunnelTrouble::Lost]), [(1, true)]);
    }

    #[test]
    fn what_was_lost_is_asked_once_more_if_that_does_no_harm() {
        let lost = [TunnelTrouble::Lost; 9];
        assert_eq!(tries(Attempts::new(0, false, true), &lost), [(0, false), (0, false)]);
        assert_eq!(tries(Attempts::new(0, false, false), &lost), [(0, false)]);
        let away = [TunnelTrouble::Lost, TunnelTrouble::LaneDown, TunnelTrouble::LaneDown];
        assert_eq!(
            tries(Attempts::new(0, false, true), &away),
            [(0, false), (0, false), (1, false), (0, true)]
        );
    }

    #[test]
    fn what_the_agent_answered_is_not_asked_again() {
        for trouble in [TunnelTrouble::NoReplica, TunnelTrouble::Unreachable, TunnelTrouble::Busy] {
            assert_eq!(tries(Attempts::new(0, false, true), &[trouble]), [(0, false)]);
        }
    }
}
