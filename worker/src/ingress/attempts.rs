//! Which runner and lane a request is tried on, and how often.
//!
//! ```text
//!  each lane of each runner once ──all down──▶ the first that was down again, where it may wait for its agent
//!        ▲                                                     │
//!        └── once: the last agent was lost before it ──────────┘
//!            answered, and asking twice does no harm
//! ```

use patr_models::{internal::TunnelTrouble, limits::TUNNEL_LANES};

/// One try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    /// As a place in the order in which the runners are asked.
    pub(super) runner: usize,
    pub(super) lane: u8,
    /// Whether the request may wait in the lane's object for the agent to come back.
    pub(super) may_wait: bool,
}

/// The tries of one request.
pub(super) struct Attempts {
    runners: usize,
    first: u8,
    runner: usize,
    /// How many lanes of the runner were tried.
    made: u8,
    /// The first runner that was down on all lanes.
    down: Option<usize>,
    waits: bool,
    /// Whether there is only one try, because the body can be handed over only once.
    single: bool,
    /// Whether it may be tried elsewhere, or anew, after an agent was lost that may have begun with it.
    repeatable: bool,
}

impl Attempts {
    pub(super) fn new(runners: usize, first: u8, single: bool, repeatable: bool) -> Self {
        let (runner, made, down) = (0, 0, None);
        Self { runners, first, runner, made, down, waits: single, single, repeatable: repeatable && !single }
    }

    /// The try that is next.
    pub(super) fn current(&self) -> Attempt {
        let lane = (self.first + self.made) % TUNNEL_LANES;
        Attempt { runner: self.runner, lane, may_wait: self.waits }
    }

    /// Whether [`Self::current`] is to be tried after the last try came to `trouble`.
    pub(super) fn go_on(&mut self, trouble: TunnelTrouble) -> bool {
        match trouble {
            _ if self.single => false,
            TunnelTrouble::LaneDown => !self.waits && self.after_lane_down(),
            // Nobody has begun with it.
            TunnelTrouble::NoReplica | TunnelTrouble::Busy => {
                !self.waits && (self.next_runner() || self.wait())
            }
            TunnelTrouble::Lost => self.repeatable && (self.next_runner() || self.begin_anew()),
            TunnelTrouble::Unreachable => self.repeatable && self.next_runner(),
            TunnelTrouble::Protocol | TunnelTrouble::Timeout => false,
        }
    }

    fn after_lane_down(&mut self) -> bool {
        self.made += 1;
        if self.made < TUNNEL_LANES {
            return true;
        }
        self.down = self.down.or(Some(self.runner));
        self.next_runner() || self.wait()
    }

    fn next_runner(&mut self) -> bool {
        if self.waits || self.runner + 1 == self.runners {
            return false;
        }
        (self.runner, self.made) = (self.runner + 1, 0);
        true
    }

    fn wait(&mut self) -> bool {
        let Some(down) = self.down else { return false };
        (self.runner, self.made, self.waits) = (down, 0, true);
        true
    }

    fn begin_anew(&mut self) -> bool {
        (self.runner, self.made, self.down, self.waits) = (0, 0, None, false);
        self.repeatable = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use TunnelTrouble::{Busy, LaneDown, Lost, NoReplica, Protocol, Timeout, Unreachable};

    use super::*;

    /// The tries of a request that meets these troubles, as runner, lane and whether it waits.
    fn tries(mut attempts: Attempts, troubles: &[TunnelTrouble]) -> Vec<(usize, u8, bool)> {
        let mut made = Vec::new();
        let mut troubles = troubles.iter();
        loop {
            let Attempt { runner, lane, may_wait } = attempts.current();
            made.push((runner, lane, may_wait));
            let Some(&trouble) = troubles.next() else { return made };
            if !attempts.go_on(trouble) {
                return made;
            }
        }
    }

    #[test]
    fn every_lane_is_tried_before_a_request_waits_for_the_first() {
        assert_eq!(
            tries(Attempts::new(1, 1, false, true), &[LaneDown; 9]),
            [(0, 1, false), (0, 0, false), (0, 1, true)]
        );
    }

    #[test]
    fn a_body_is_handed_over_once_and_may_wait_there() {
        for trouble in [LaneDown, Lost, NoReplica] {
            assert_eq!(tries(Attempts::new(2, 1, true, true), &[trouble]), [(0, 1, true)]);
        }
    }

    #[test]
    fn what_was_lost_is_asked_once_more_if_that_does_no_harm() {
        assert_eq!(tries(Attempts::new(1, 0, false, true), &[Lost; 9]), [(0, 0, false), (0, 0, false)]);
        assert_eq!(tries(Attempts::new(1, 0, false, false), &[Lost; 9]), [(0, 0, false)]);
        assert_eq!(
            tries(Attempts::new(1, 0, false, true), &[Lost, LaneDown, LaneDown]),
            [(0, 0, false), (0, 0, false), (0, 1, false), (0, 0, true)]
        );
    }

    #[test]
    fn what_the_only_agent_answered_is_not_asked_again() {
        for trouble in [NoReplica, Unreachable, Busy] {
            assert_eq!(tries(Attempts::new(1, 0, false, true), &[trouble]), [(0, 0, false)]);
        }
    }

    #[test]
    fn what_nobody_has_begun_with_goes_on_to_the_next_runner_whatever_it_is() {
        for repeatable in [true, false] {
            let attempts = || Attempts::new(2, 0, false, repeatable);
            for trouble in [NoReplica, Busy] {
                assert_eq!(tries(attempts(), &[trouble, trouble]), [(0, 0, false), (1, 0, false)]);
            }
            assert_eq!(
                tries(attempts(), &[LaneDown; 9]),
                [(0, 0, false), (0, 1, false), (1, 0, false), (1, 1, false), (0, 0, true)]
            );
        }
    }

    #[test]
    fn a_request_waits_where_an_agent_may_come_back_and_not_where_one_has_no_replica() {
        let attempts = || Attempts::new(2, 0, false, false);
        assert_eq!(
            tries(attempts(), &[NoReplica, LaneDown, LaneDown]),
            [(0, 0, false), (1, 0, false), (1, 1, false), (1, 0, true)]
        );
        assert_eq!(
            tries(attempts(), &[LaneDown, LaneDown, NoReplica]),
            [(0, 0, false), (0, 1, false), (1, 0, false), (0, 0, true)]
        );
    }

    #[test]
    fn what_may_have_begun_goes_on_to_the_next_runner_only_if_that_does_no_harm() {
        for trouble in [Lost, Unreachable] {
            assert_eq!(tries(Attempts::new(2, 0, false, true), &[trouble]), [(0, 0, false), (1, 0, false)]);
            assert_eq!(tries(Attempts::new(2, 0, false, false), &[trouble]), [(0, 0, false)]);
        }
        for trouble in [Protocol, Timeout] {
            assert_eq!(tries(Attempts::new(2, 0, false, true), &[trouble]), [(0, 0, false)]);
        }
    }
}
