//! Whether the agent of a socket is there, found out when somebody waits for it.
//!
//! ```text
//!            nothing for 1 s                 nothing for 1.5 s more
//!  waiting ──────────────────▶ probed ──────────────────────────────▶ dead
//!     ▲                          │
//!     └───── anything at all ────┘
//! ```
//!
//! A connection that a network has forgotten says nothing, and neither does an application that thinks. Only the agent tells
//! them apart, so it is asked. While nobody waits nobody looks, and the object may sleep.

use std::time::Duration;

use patr_models::time::Millis;

/// How long nothing may be heard before the agent is asked.
pub const QUIET: Duration = Duration::from_secs(1);

/// How long its answer may take.
pub const ANSWERS: Duration = Duration::from_millis(1500);

/// A look that comes so late was held up here, and what the agent has said may still be unread: it is let in first.
const LATE: Duration = Duration::from_millis(300);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nobody waits.
    Rest,
    Again(Duration),
    /// Ask the agent, and look again after that time.
    Ask(Duration),
    Dead,
}

/// What is known of the agent of one socket.
#[derive(Debug)]
pub struct Liveness {
    /// Whether it answers when it is asked: an older one does not.
    answers: bool,
    heard: Millis,
    /// Since when something that was sent has been followed by nothing.
    unanswered: Option<Millis>,
    /// When it was asked.
    asked: Option<Millis>,
    /// Whether a late look was forgiven.
    forgiven: bool,
    /// Whether somebody looks.
    watched: bool,
}

impl Liveness {
    pub fn new(answers: bool, now: Millis) -> Self {
        Self { answers, heard: now, unanswered: None, asked: None, forgiven: false, watched: false }
    }

    /// It has answered a probe, or said that it would; whether that is news.
    pub fn answers(&mut self) -> bool {
        !std::mem::replace(&mut self.answers, true)
    }

    /// Anything at all came from it.
    pub fn heard(&mut self, now: Millis) {
        (self.heard, self.unanswered, self.asked, self.forgiven) = (now, None, None, false);
    }

    /// Something was sent that an agent does not take in silence.
    pub fn sent(&mut self, now: Millis) {
        self.unanswered.get_or_insert(now);
    }

    /// Whether whoever waits from now on has to begin to look.
    pub fn begin(&mut self) -> bool {
        self.answers && !std::mem::replace(&mut self.watched, true)
    }

    /// Looks. `awaited`: since when the first of those waits who wait for an answer.
    pub fn look(&mut self, awaited: Option<Millis>, now: Millis) -> Look {
        let Some(since) = [awaited, self.unanswered].into_iter().flatten().min() else {
            (self.watched, self.asked) = (false, None);
            return Look::Rest;
        };
        let Some(asked) = self.asked else {
            return match left(QUIET, since.max(self.heard), now) {
                Some(left) => Look::Again(left),
                None => {
                    self.asked = Some(now);
                    Look::Ask(ANSWERS)
                }
            };
        };
        match left(ANSWERS, asked, now) {
            Some(left) => Look::Again(left),
            None if now.since(asked) >= ANSWERS + LATE && !std::mem::replace(&mut self.forgiven, true) => {
                Look::Again(LATE)
            }
            None => Look::Dead,
        }
    }
}

fn left(of: Duration, since: Millis, now: Millis) -> Option<Duration> {
    of.checked_sub(now.since(since)).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn at(millis: u64) -> Millis {
        NOW + Duration::from_millis(millis)
    }

    /// An agent that was heard an hour ago.
    fn idle() -> Liveness {
        let mut liveness = Liveness::new(true, NOW - Duration::from_secs(3600));
        assert!(liveness.begin());
        liveness
    }

    #[test]
    fn an_agent_that_says_nothing_is_dead_two_and_a_half_seconds_after_somebody_began_to_wait() {
        let mut liveness = idle();
        let (mut now, mut asked) = (NOW, 0);
        loop {
            match liveness.look(Some(NOW), now) {
                Look::Again(after) => now = now + after,
                Look::Ask(after) => (now, asked) = (now + after, asked + 1),
                Look::Dead => break,
                Look::Rest => panic!("somebody waits"),
            }
        }
        assert_eq!((now, asked), (at(2500), 1));
    }

    #[test]
    fn an_application_that_thinks_is_told_from_an_agent_that_is_gone() {
        let mut liveness = idle();
        for second in 0..60 {
            let asked = at(1000 + second * 1010);
            assert_eq!(liveness.look(Some(NOW), asked), Look::Ask(ANSWERS), "{second}");
            liveness.heard(asked + Duration::from_millis(10));
        }
    }

    #[test]
    fn who_began_to_wait_after_it_was_heard_waits_a_whole_second() {
        let mut liveness = idle();
        liveness.heard(NOW);
        assert_eq!(liveness.look(Some(at(900)), at(1000)), Look::Again(Duration::from_millis(900)));
        assert_eq!(liveness.look(Some(at(900)), at(1900)), Look::Ask(ANSWERS));
    }

    #[test]
    fn what_was_sent_waits_too_until_anything_is_heard() {
        let mut liveness = idle();
        liveness.sent(NOW);
        liveness.sent(at(800));
        assert_eq!(liveness.look(None, at(1000)), Look::Ask(ANSWERS));
        liveness.heard(at(1100));
        assert_eq!(liveness.look(None, at(2500)), Look::Rest);
    }

    #[test]
    fn nobody_looks_while_nobody_waits_and_one_looks_for_all() {
        let mut liveness = idle();
        assert!(!liveness.begin());
        assert_eq!(liveness.look(None, at(1000)), Look::Rest);
        assert!(liveness.begin());
    }

    #[test]
    fn a_probe_of_those_who_have_left_is_not_held_against_those_who_come() {
        let mut liveness = idle();
        assert_eq!(liveness.look(Some(NOW), at(1000)), Look::Ask(ANSWERS));
        assert_eq!(liveness.look(None, at(2500)), Look::Rest);
        assert!(liveness.begin());
        assert_eq!(liveness.look(Some(at(9000)), at(10_000)), Look::Ask(ANSWERS));
    }

    #[test]
    fn a_look_that_was_held_up_lets_in_what_the_agent_has_said_and_is_forgiven_once() {
        let mut liveness = idle();
        assert_eq!(liveness.look(Some(NOW), at(1000)), Look::Ask(ANSWERS));
        assert_eq!(liveness.look(Some(NOW), at(9000)), Look::Again(LATE));
        assert_eq!(liveness.look(Some(NOW), at(9300)), Look::Dead);
    }

    #[test]
    fn an_agent_that_does_not_know_probes_is_not_asked() {
        let mut liveness = Liveness::new(false, NOW);
        assert!(!liveness.begin());
        assert!(liveness.answers());
        assert!(!liveness.answers());
        assert!(liveness.begin());
    }
}
