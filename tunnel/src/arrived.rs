//! What has arrived on a stream and nobody has read.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Pieces below this many bytes are put together while they wait. Credit counts their bytes; but each that is kept by
/// itself costs some hundred more, and a peer may send a byte at a time.
const SMALL: usize = 4 * 1024;

/// Bytes in the order in which they came.
#[derive(Debug, Default)]
pub struct Arrived {
    pieces: VecDeque<Bytes>,
    /// Small ones, behind `pieces`.
    small: BytesMut,
}

impl Arrived {
    pub fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        let waits = !self.pieces.is_empty() || !self.small.is_empty();
        // One that nothing waits before, as most answers are, is not copied.
        if waits && piece.len() < SMALL {
            self.small.extend_from_slice(&piece);
        } else {
            self.settle();
            self.pieces.push_back(piece);
        }
    }

    pub fn pop(&mut self) -> Option<Bytes> {
        if self.pieces.is_empty() {
            self.settle();
        }
        self.pieces.pop_front()
    }

    /// All of it.
    pub fn take(&mut self) -> Bytes {
        let first = self.pop().unwrap_or_default();
        if self.pieces.is_empty() && self.small.is_empty() {
            return first;
        }
        let mut all = BytesMut::from(first);
        while let Some(piece) = self.pop() {
            all.extend_from_slice(&piece);
        }
        all.freeze()
    }

    fn settle(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push_back(self.small.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::INITIAL_WINDOW;

    proptest! {
        #[test]
        fn bytes_are_read_in_the_order_in_which_they_came(
            acts in prop::collection::vec((0_usize..9000, any::<bool>()), 0..60),
        ) {
            let (mut arrived, mut sent, mut read) = (Arrived::default(), Vec::new(), Vec::new());
            for (length, reads) in acts {
                let piece: Vec<u8> = (0..length).map(|at| ((sent.len() + at) % 251) as u8).collect();
                sent.extend(&piece);
                arrived.push(piece.into());
                if reads {
                    read.extend(arrived.pop().unwrap_or_default());
                }
            }
            read.extend(arrived.take());
            prop_assert_eq!(read, sent);
            prop_assert_eq!(arrived.pop(), None);
        }
    }

    #[test]
    fn a_window_of_single_bytes_is_kept_in_a_few_pieces() {
        let mut arrived = Arrived::default();
        for _ in 0..INITIAL_WINDOW {
            arrived.push(Bytes::from_static(b"x"));
        }
        let pieces: Vec<Bytes> = std::iter::from_fn(|| arrived.pop()).collect();
        assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), INITIAL_WINDOW as usize);
        assert!(pieces.len() <= 2, "{}", pieces.len());
    }
}
