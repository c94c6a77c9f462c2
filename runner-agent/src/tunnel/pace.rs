//! How large a frame may be that a link takes in good time.
//!
//! A message is heard when the last byte of it has arrived. On a slow link a large one keeps everything else from being
//! heard for so long that the edge would take the agent for gone, and a small answer waits behind it.

use std::time::Duration;

use patr_tunnel::limits::{FAIR_FRAME, MAX_FRAME};

/// A frame that takes longer is too large: the edge asks after a second of silence.
const SLOW: Duration = Duration::from_millis(250);
/// One that takes less may be followed by a larger one.
const FAST: Duration = Duration::from_millis(50);

/// The largest frame, found out by how long the socket takes for those before it.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    /// What the socket took since the last frame that was large.
    waited: Duration,
}

impl Default for Pace {
    /// A link is taken for slow until it shows that it is not.
    fn default() -> Self {
        Self { most: 2 * FAIR_FRAME, waited: Duration::ZERO }
    }
}

impl Pace {
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// The socket took `took` until it had room for a message of that many bytes. A small one says nothing by itself: it
    /// waits for the large one before it, or finds room beside it.
    pub(super) fn sent(&mut self, bytes: usize, took: Duration) {
        self.waited += took;
        if bytes < FAIR_FRAME {
            return;
        }
        let waited = std::mem::take(&mut self.waited);
        if waited > SLOW {
            self.most = (self.most / 2).max(FAIR_FRAME);
        } else if waited < FAST {
            self.most = (self.most * 2).min(MAX_FRAME);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of frames that a link comes to, in bytes a second.
    fn settled(rate: usize) -> usize {
        let mut pace = Pace::default();
        for _ in 0..20 {
            // What is small in between waits for the large one.
            pace.sent(100, Duration::from_secs_f64(pace.most() as f64 / rate as f64));
            pace.sent(pace.most(), Duration::ZERO);
        }
        pace.most()
    }

    #[test]
    fn a_fast_link_comes_to_the_largest_frames_and_a_slow_one_to_what_it_carries_in_good_time() {
        assert_eq!(settled(100_000_000), MAX_FRAME);
        assert_eq!(settled(10_000), FAIR_FRAME);
        for rate in [400_000, 1_000_000, 3_000_000] {
            assert!(settled(rate) <= rate / 4, "{rate}");
        }
    }
}
