//! The wire format: each message of the connection is one frame. Numbers are big-endian.
//!
//! ```text
//! kind u8 · flags u8 · stream u32 · rest
//!
//! 1 Open     rest: what the stream is for, for the application      flag 1: no data will follow (FIN)
//! 2 Data     rest: bytes of the stream                              flag 1: FIN
//! 3 Window   rest: u32, more bytes that may be sent
//! 4 Reset    rest: u16, why both directions end at once
//! ```
//!
//! Streams that the edge opens have odd numbers, those of the agent even ones; each side's numbers only grow.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Numbers a stream within its connection.
pub type StreamId = u32;

/// Bytes before the rest of a frame.
pub const HEADER: usize = 6;

const FIN: u8 = 1;

/// Why a stream was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Whoever wanted the answer left.
    Cancelled,
    /// The other end does not serve such streams, or has too many.
    Refused,
    /// There is nothing that could answer.
    NoTarget,
    /// What should answer could not be reached, or broke off.
    Unreachable,
    /// The application's own protocol was broken.
    Protocol,
    /// From a newer peer.
    Other(u16),
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Cancelled => 1,
            Self::Refused => 2,
            Self::NoTarget => 3,
            Self::Unreachable => 4,
            Self::Protocol => 5,
            Self::Other(number) => number,
        }
    }

    fn from_number(number: u16) -> Self {
        match number {
            1 => Self::Cancelled,
            2 => Self::Refused,
            3 => Self::NoTarget,
            4 => Self::Unreachable,
            5 => Self::Protocol,
            other => Self::Other(other),
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Open { id: StreamId, payload: Bytes, fin: bool },
    Data { id: StreamId, payload: Bytes, fin: bool },
    Window { id: StreamId, credit: u32 },
    Reset { id: StreamId, code: Code },
}

/// A message is not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame is cut short")]
    Short,
    #[error("a frame is longer than its kind allows")]
    Long,
    #[error("{0} is no kind of frame")]
    Kind(u8),
}

impl Frame {
    /// The message for this frame.
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Open { id, payload, fin } => message(1, *fin, *id, &[payload]),
            Self::Data { id, payload, fin } => message(2, *fin, *id, &[payload]),
            Self::Window { id, credit } => message(3, false, *id, &[&credit.to_be_bytes()]),
            Self::Reset { id, code } => message(4, false, *id, &[&code.number().to_be_bytes()]),
        }
    }

    /// The frame in a message. Payloads are slices of it.
    pub fn decode(mut message: Bytes) -> Result<Self, FrameError> {
        if message.len() < HEADER {
            return Err(FrameError::Short);
        }
        let (kind, flags, id) = (message.get_u8(), message.get_u8(), message.get_u32());
        let fin = flags & FIN != 0;
        match kind {
            1 => Ok(Self::Open { id, payload: message, fin }),
            2 => Ok(Self::Data { id, payload: message, fin }),
            3 => Ok(Self::Window { id, credit: u32::from_be_bytes(exactly(&message)?) }),
            4 => Ok(Self::Reset { id, code: Code::from_number(u16::from_be_bytes(exactly(&message)?)) }),
            other => Err(FrameError::Kind(other)),
        }
    }
}

/// The message for a data frame whose payload is in `parts`: they are copied once.
pub(crate) fn encode_data(id: StreamId, parts: &[Bytes], fin: bool) -> Bytes {
    message(2, fin, id, parts)
}

fn message(kind: u8, fin: bool, id: StreamId, parts: &[impl AsRef<[u8]>]) -> Bytes {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let mut message = BytesMut::with_capacity(HEADER + length);
    message.put_u8(kind);
    message.put_u8(if fin { FIN } else { 0 });
    message.put_u32(id);
    parts.iter().for_each(|part| message.put_slice(part.as_ref()));
    message.freeze()
}

fn exactly<const N: usize>(rest: &[u8]) -> Result<[u8; N], FrameError> {
    rest.try_into().map_err(|_| if rest.len() < N { FrameError::Short } else { FrameError::Long })
}
