//! How a lane passes from one socket of an agent to the next.
//!
//! ```text
//!             a newer socket             its last stream ends, or it
//!  current ─────────────────▶ retired ──────────────────────────────▶ closed
//!                                        is silent, or time is up
//! ```
//!
//! A retired socket keeps the streams that it has and gets no new ones, so that an agent which is restarted or upgraded
//! cuts nobody off. One whose agent is gone without a word is not waited for: it would have said `ping`.

use std::time::Duration;

use patr_models::{time::Millis, wire::PING_EVERY_S};

/// How long the streams of a retired socket may go on.
pub const DRAIN: Duration = Duration::from_secs(60);

/// How long a socket may be silent. An agent that is there says something more often.
pub const SILENT: Duration = Duration::from_secs(PING_EVERY_S + 5);

/// A socket that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    pub since: Millis,
    /// When its agent was last heard.
    pub heard: Millis,
    /// Streams that are open on it.
    pub streams: usize,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Close,
    LookAgain(Duration),
}

impl Retired {
    pub fn verdict(self, now: Millis) -> Verdict {
        let drained = DRAIN.checked_sub(now.since(self.since)).filter(|left| !left.is_zero());
        let silent = SILENT.checked_sub(now.since(self.heard)).filter(|left| !left.is_zero());
        match (drained, silent) {
            (Some(drained), Some(silent)) if self.streams > 0 => Verdict::LookAgain(drained.min(silent)),
            _ => Verdict::Close,
        }
    }
}

/// Numbers the sockets of a lane in the order in which they came. The number is the socket's tag, and what an object
/// that wakes up knows of it.
pub fn next_number(open: impl Iterator<Item = u64>) -> u64 {
    open.max().unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn at(seconds: u64) -> Millis {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn a_socket_is_closed_when_its_last_stream_has_ended() {
        let retired = Retired { since: NOW, heard: NOW, streams: 1 };
        assert!(matches!(retired.verdict(at(1)), Verdict::LookAgain(_)));
        assert_eq!(Retired { streams: 0, ..retired }.verdict(at(1)), Verdict::Close);
    }

    #[test]
    fn a_stream_that_does_not_end_is_cut_when_time_is_up() {
        let retired = Retired { since: NOW, heard: at(50), streams: 1 };
        assert_eq!(retired.verdict(at(51)), Verdict::LookAgain(Duration::from_secs(9)));
        assert_eq!(retired.verdict(at(60)), Verdict::Close);
    }

    #[test]
    fn an_agent_that_went_without_a_word_holds_nobody_up() {
        let retired = Retired { since: at(40), heard: NOW, streams: 9 };
        assert_eq!(retired.verdict(at(40)), Verdict::Close, "silent before it was replaced");
        let fresh = Retired { since: NOW, heard: NOW, streams: 9 };
        assert_eq!(fresh.verdict(NOW), Verdict::LookAgain(SILENT));
        assert_eq!(fresh.verdict(NOW + SILENT), Verdict::Close);
    }

    #[test]
    fn whoever_looks_again_when_told_closes_within_the_time() {
        let (mut now, mut looks) = (NOW, 0);
        while let Verdict::LookAgain(after) = (Retired { since: NOW, heard: now, streams: 1 }).verdict(now) {
            (now, looks) = (now + after, looks + 1);
        }
        assert_eq!((now, looks), (NOW + DRAIN, 3));
    }

    #[test]
    fn the_newest_socket_has_the_highest_number() {
        assert_eq!(next_number([].into_iter()), 1);
        assert_eq!(next_number([4, 9, 2].into_iter()), 10);
    }
}
