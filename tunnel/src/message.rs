//! Messages on a stream: what a WebSocket carries, between the two ends that speak to its peers.
//!
//! ```text
//! kind u8 · length u32, big-endian · payload
//!
//! 1 text      UTF-8
//! 2 binary
//! 8 close     u16 code, big-endian, and a reason; or nothing (RFC 6455, 7.1.5: no code)
//! ```
//!
//! Pings are answered where they arrive, so none cross. A stream of bytes has no boundaries of its own: a message may
//! arrive in parts, and parts of two together.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::limits::MESSAGE_MAX;

/// Bytes before a payload.
const HEADER: usize = 5;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Bytes),
    /// The last one in its direction. `None` when its sender gave no code.
    Close(Option<(u16, String)>),
}

/// What arrived is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("there is no message of kind {0}")]
    Kind(u8),
    #[error("a message of {0} bytes is over the limit of {MESSAGE_MAX}")]
    TooLong(usize),
    #[error("text is not UTF-8")]
    Text,
    #[error("a code is cut off")]
    Close,
}

impl Message {
    /// As it crosses a stream.
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Text(text) => frame(1, text.as_bytes()),
            Self::Binary(bytes) => frame(2, bytes),
            Self::Close(None) => frame(8, &[]),
            Self::Close(Some((code, reason))) => {
                frame(8, &[&code.to_be_bytes()[..], reason.as_bytes()].concat())
            }
        }
    }

    fn decode(kind: u8, mut payload: Bytes) -> Result<Self, MessageError> {
        let text = |bytes: Bytes| String::from_utf8(bytes.into()).map_err(|_| MessageError::Text);
        match kind {
            1 => text(payload).map(Self::Text),
            2 => Ok(Self::Binary(payload)),
            8 if payload.is_empty() => Ok(Self::Close(None)),
            8 if payload.len() == 1 => Err(MessageError::Close),
            8 => {
                let code = payload.get_u16();
                Ok(Self::Close(Some((code, text(payload)?))))
            }
            other => Err(MessageError::Kind(other)),
        }
    }
}

fn frame(kind: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER + payload.len());
    frame.put_u8(kind);
    // Longer than that is refused before it is sent.
    frame.put_u32(u32::try_from(payload.len()).unwrap_or(u32::MAX));
    frame.put_slice(payload);
    frame.freeze()
}

/// Puts messages together from the bytes of a stream.
#[derive(Debug, Default)]
pub struct Decoder {
    waiting: BytesMut,
}

impl Decoder {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next message that is whole.
    ///
    /// # Errors
    /// What arrived is no message, and nothing after it can be read either.
    pub fn pull(&mut self) -> Result<Option<Message>, MessageError> {
        let Some((&kind, rest)) = self.waiting.split_first() else { return Ok(None) };
        let Some(length) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if length > MESSAGE_MAX {
            return Err(MessageError::TooLong(length));
        }
        if self.waiting.len() < HEADER + length {
            return Ok(None);
        }
        self.waiting.advance(HEADER);
        Message::decode(kind, self.waiting.split_to(length).freeze()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message() -> impl Strategy<Value = Message> {
        let close = (any::<u16>(), ".{0,60}").prop_map(|(code, reason)| Message::Close(Some((code, reason))));
        prop_oneof![
            ".*".prop_map(Message::Text),
            proptest::collection::vec(any::<u8>(), 0..2000).prop_map(|bytes| Message::Binary(bytes.into())),
            Just(Message::Close(None)),
            close,
        ]
    }

    proptest! {
        #[test]
        fn messages_come_back_however_their_bytes_are_cut(
            messages in proptest::collection::vec(message(), 0..8),
            cut in 1_usize..700,
        ) {
            let bytes: Vec<u8> = messages.iter().flat_map(Message::encode).collect();
            let mut decoder = Decoder::default();
            let mut back = Vec::new();
            for part in bytes.chunks(cut) {
                decoder.push(part);
                while let Some(message) = decoder.pull().unwrap() {
                    back.push(message);
                }
            }
            prop_assert_eq!(back, messages);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.pull() {}
        }
    }

    #[test]
    fn a_length_that_nobody_may_send_is_refused_before_it_is_waited_for() {
        let mut decoder = Decoder::default();
        decoder.push(&[2, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(decoder.pull(), Err(MessageError::TooLong(u32::MAX as usize)));
    }
}
