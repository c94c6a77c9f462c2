//! One stream: two directions that end on their own, and the credit of each.
//!
//! ```text
//!            we send FIN            they send FIN
//!   open ─────────────────▶ half ─────────────────▶ gone
//!     │                    closed                    ▲
//!     └──────────── Reset, by either ────────────────┘
//! ```
//!
//! A stream is gone, and forgotten, once both directions have ended and all that arrived is read, or it was reset.
//! Bytes that nobody has read take memory, so their stream counts among those that are open.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::limits::{INITIAL_WINDOW, MAX_WINDOW, SHARED_WINDOW};

/// What the mux keeps of a stream.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Bytes that the peer still lets us send, less those that wait in `queue`.
    pub(crate) credit: u32,
    /// Accepted from the application and not yet in a frame.
    pub(crate) queue: VecDeque<Bytes>,
    /// No more will be given; FIN goes with the last bytes.
    pub(crate) ending: bool,
    /// FIN is sent.
    pub(crate) ended: bool,
    /// The application found no credit and waits for some.
    pub(crate) blocked: bool,
    /// The peer has sent FIN.
    pub(crate) peer_ended: bool,
    /// Bytes that we let the peer have on the way or unread.
    pub(crate) window: u32,
    /// Of `window`: what the peer may still send.
    pub(crate) allowed: u32,
    /// Read by the application, and not yet given back to the peer.
    pub(crate) unreturned: u32,
    /// The application reads no more: what arrives is let go.
    pub(crate) discarding: bool,
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self {
            credit: INITIAL_WINDOW,
            queue: VecDeque::new(),
            ending: false,
            ended: false,
            blocked: false,
            peer_ended: false,
            window: INITIAL_WINDOW,
            allowed: INITIAL_WINDOW,
            unreturned: 0,
            discarding: false,
        }
    }

    /// Whether a data frame could be made.
    pub(crate) fn has_data(&self) -> bool {
        !self.queue.is_empty() || (self.ending && !self.ended)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.ended && self.peer_ended && self.unread() == 0
    }

    /// Bytes that arrived and that the application has not read.
    pub(crate) fn unread(&self) -> u32 {
        self.window - self.allowed - self.unreturned
    }

    /// Takes up to `most` bytes off the queue, and whether they are the last.
    pub(crate) fn take(&mut self, most: usize) -> (Vec<Bytes>, bool) {
        let (mut taken, mut left) = (Vec::new(), most);
        while left > 0
            && let Some(mut bytes) = self.queue.pop_front()
        {
            if bytes.len() > left {
                self.queue.push_front(bytes.split_off(left));
            }
            left -= bytes.len();
            taken.push(bytes);
        }
        let last = self.queue.is_empty() && self.ending;
        self.ended |= last;
        (taken, last)
    }

    /// The application has read `n` bytes: answers the credit to give back, once it is worth a frame. The window of a
    /// reader that waits for more doubles as far as `budget` allows, which is reduced by what was taken; one that has
    /// bytes left to read would not be any faster for it. While the connection is shared a large window shrinks instead.
    pub(crate) fn consumed(&mut self, n: u32, budget: &mut u32, shared: bool) -> Option<u32> {
        // More than was received cannot have been read.
        let unread = self.unread();
        let left = unread.saturating_sub(n);
        self.unreturned += unread - left;
        if self.peer_ended || self.unreturned < self.window / 2 {
            return None;
        }
        let most = if shared { SHARED_WINDOW } else { MAX_WINDOW };
        let growth =
            if left == 0 { self.window.min(most.saturating_sub(self.window)).min(*budget) } else { 0 };
        let shrinkage = if shared { self.window.saturating_sub(most).min(self.unreturned) } else { 0 };
        *budget = *budget - growth + shrinkage;
        self.window = self.window + growth - shrinkage;
        let credit = self.unreturned + growth - shrinkage;
        self.allowed += credit;
        self.unreturned = 0;
        (credit > 0).then_some(credit)
    }

    /// What goes back to the budget when the stream is forgotten.
    pub(crate) fn growth(&self) -> u32 {
        self.window - INITIAL_WINDOW
    }
}
