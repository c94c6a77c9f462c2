//! The connection: which streams there are, and whose turn it is.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::{
    frame::{self, Code, Frame, FrameError, StreamId},
    limits::{
        ALONE_AFTER, ALONE_AGAIN, FAIR_FRAME, GROWTH_BUDGET, MAX_CREDIT, MAX_FRAME, MAX_OPEN, MAX_REFUSED,
        MAX_STREAMS,
    },
    stream::Stream,
};

/// Which end of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Opens streams with odd numbers.
    Edge,
    /// Opens streams with even numbers.
    Agent,
}

/// What happened on the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer opened a stream.
    Opened { id: StreamId, payload: Bytes, fin: bool },
    /// Bytes arrived. Say [`Mux::consumed`] when they are dealt with; until then they count as open.
    Data { id: StreamId, bytes: Bytes, fin: bool },
    /// The peer gave up the stream; it is forgotten.
    Reset { id: StreamId, code: Code },
    /// There is credit again after [`Mux::sendable`] answered 0.
    Writable { id: StreamId },
}

/// The peer broke the protocol: the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("stream {0} was opened by the wrong side, or its number was used before")]
    Number(StreamId),
    #[error("stream {0} was never opened")]
    NeverOpened(StreamId),
    #[error("more was sent on stream {0} than allowed")]
    OverCredit(StreamId),
    #[error("data on stream {0} after its end")]
    AfterEnd(StreamId),
    #[error("too much credit for stream {0}")]
    Credit(StreamId),
    #[error("a frame is over its limit")]
    TooLong,
    #[error("stream {0} was opened although {MAX_REFUSED} before it were refused")]
    Refused(StreamId),
}

/// A stream cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("{MAX_STREAMS} streams are open already")]
    TooMany,
    #[error("what opens a stream is over {MAX_OPEN} bytes")]
    TooLong,
    #[error("every number was used")]
    Exhausted,
}

/// Bytes cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It ended, was reset, or its end was announced before.
    #[error("the stream is closed for sending")]
    Closed,
    /// More than [`Mux::sendable`] allowed; nothing was taken.
    #[error("there is not enough credit")]
    NoCredit,
}

/// One end of a connection.
#[derive(Debug)]
pub struct Mux {
    side: Side,
    next: StreamId,
    /// The highest number that the peer has opened.
    peer_highest: StreamId,
    streams: HashMap<StreamId, Stream>,
    /// Frames that need no credit; they go first.
    urgent: VecDeque<Frame>,
    /// Streams with data, in turn.
    turns: VecDeque<StreamId>,
    events: VecDeque<Event>,
    budget: u32,
    /// Bytes that wait to be sent, of all streams.
    queued: usize,
    /// Which stream's data went last, and how many bytes since another one's did.
    alone: (StreamId, usize),
    /// Which stream's data arrived last, and how many bytes since another one's did while it was open.
    arrived: (StreamId, usize),
    /// Streams of the peer that were refused since one was answered.
    refused: usize,
}

impl Mux {
    /// A new connection.
    pub fn new(side: Side) -> Self {
        Self {
            side,
            next: if side == Side::Edge { 1 } else { 2 },
            peer_highest: 0,
            streams: HashMap::new(),
            urgent: VecDeque::new(),
            turns: VecDeque::new(),
            events: VecDeque::new(),
            budget: GROWTH_BUDGET,
            queued: 0,
            alone: (0, 0),
            arrived: (0, ALONE_AGAIN),
            refused: 0,
        }
    }

    /// A connection on which every number but one was used.
    #[cfg(test)]
    pub(crate) fn worn_out(side: Side) -> Self {
        let mut mux = Self::new(side);
        mux.next += StreamId::MAX - 3;
        mux
    }

    /// Takes a message that arrived.
    pub fn input(&mut self, message: Bytes) -> Result<(), ProtocolError> {
        if message.len() > MAX_FRAME.max(MAX_OPEN) + frame::HEADER {
            return Err(ProtocolError::TooLong);
        }
        match Frame::decode(message)? {
            Frame::Open { id, payload, fin } => self.opened(id, payload, fin),
            Frame::Data { id, payload, fin } => self.data(id, payload, fin),
            Frame::Window { id, credit } => self.window(id, credit),
            Frame::Reset { id, code } => self.was_reset(id, code),
        }
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next message to send. Ask only when the connection can take it.
    pub fn next_frame(&mut self) -> Option<Bytes> {
        self.next_frame_of(MAX_FRAME)
    }

    /// As [`Self::next_frame`], with at most so much data in it.
    pub fn next_frame_of(&mut self, largest: usize) -> Option<Bytes> {
        if let Some(frame) = self.urgent.pop_front() {
            return Some(frame.encode());
        }
        let contended = self.turns.len() > 1;
        while let Some(id) = self.turns.pop_front() {
            let Some(stream) = self.streams.get_mut(&id) else { continue };
            if contended || self.alone.0 != id {
                self.alone = (id, 0);
            }
            let most =
                if self.alone.1 < ALONE_AFTER { FAIR_FRAME } else { largest.clamp(FAIR_FRAME, MAX_FRAME) };
            let (parts, fin) = stream.take(most);
            let length = parts.iter().map(Bytes::len).sum::<usize>();
            self.queued -= length;
            self.alone.1 = self.alone.1.saturating_add(length);
            if stream.has_data() {
                self.turns.push_back(id);
            }
            self.forget_if_over(id);
            return Some(frame::encode_data(id, &parts, fin));
        }
        None
    }

    /// Opens a stream. `fin`: no data will follow.
    pub fn open(&mut self, payload: Bytes, fin: bool) -> Result<StreamId, OpenError> {
        if payload.len() > MAX_OPEN {
            return Err(OpenError::TooLong);
        }
        if self.streams.len() >= MAX_STREAMS {
            return Err(OpenError::TooMany);
        }
        let id = self.next;
        self.next = id.checked_add(2).ok_or(OpenError::Exhausted)?;
        let mut stream = Stream::new();
        (stream.ending, stream.ended) = (fin, fin);
        self.streams.insert(id, stream);
        self.urgent.push_back(Frame::Open { id, payload, fin });
        Ok(id)
    }

    /// How many bytes may be sent now. After 0, [`Event::Writable`] says when to ask again.
    pub fn sendable(&mut self, id: StreamId) -> usize {
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| !stream.ending) else { return 0 };
        stream.blocked = stream.credit == 0;
        stream.credit as usize
    }

    /// Sends bytes, at most as many as [`Self::sendable`] says. `fin`: they are the last.
    pub fn send(&mut self, id: StreamId, bytes: Bytes, fin: bool) -> Result<(), SendError> {
        let stream = self.streams.get_mut(&id).filter(|stream| !stream.ending).ok_or(SendError::Closed)?;
        let length = u32::try_from(bytes.len()).map_err(|_| SendError::NoCredit)?;
        stream.credit = stream.credit.checked_sub(length).ok_or(SendError::NoCredit)?;
        let waiting = stream.has_data();
        if !bytes.is_empty() {
            self.queued += bytes.len();
            stream.queue.push_back(bytes);
        }
        stream.ending |= fin;
        if !waiting && stream.has_data() {
            self.turns.push_back(id);
        }
        if self.is_peers(id) {
            self.refused = 0;
        }
        Ok(())
    }

    /// Says that the application has dealt with `n` bytes of a stream, so that the peer may send more.
    pub fn consumed(&mut self, id: StreamId, n: usize) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let shared = self.arrived.1 < ALONE_AGAIN;
        if let Some(credit) = stream.consumed(n, &mut self.budget, shared) {
            self.urgent.push_back(Frame::Window { id, credit });
        }
        self.forget_if_over(id);
    }

    /// Says that the application reads no more of a stream, although it may still write: what the peer sends is let
    /// go, so that it is not held up.
    pub fn discard(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.discarding = true;
        let unread = stream.unread() as usize;
        self.consumed(id, unread);
    }

    /// Gives up a stream in both directions. Nothing is said if both have ended.
    pub fn reset(&mut self, id: StreamId, code: Code) {
        let ended = |stream: &Stream| stream.ended && stream.peer_ended;
        let open = self.streams.get(&id).is_some_and(|stream| !ended(stream));
        self.forget(id);
        self.refused += usize::from(code == Code::Refused && self.is_peers(id));
        if open {
            self.urgent.push_back(Frame::Reset { id, code });
        }
    }

    /// Bytes that wait to be sent. Whoever can wait for more of them gets larger frames, which cost both ends less.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Streams that are open.
    pub fn stream_count(&self) -> usize {
        self.streams.len()
    }

    fn opened(&mut self, id: StreamId, payload: Bytes, fin: bool) -> Result<(), ProtocolError> {
        if !self.is_peers(id) || id <= self.peer_highest {
            return Err(ProtocolError::Number(id));
        }
        if payload.len() > MAX_OPEN {
            return Err(ProtocolError::TooLong);
        }
        if self.refused >= MAX_REFUSED {
            return Err(ProtocolError::Refused(id));
        }
        self.peer_highest = id;
        if self.streams.len() >= MAX_STREAMS {
            self.refused += 1;
            self.urgent.push_back(Frame::Reset { id, code: Code::Refused });
            return Ok(());
        }
        let mut stream = Stream::new();
        stream.peer_ended = fin;
        self.streams.insert(id, stream);
        self.events.push_back(Event::Opened { id, payload, fin });
        Ok(())
    }

    fn data(&mut self, id: StreamId, payload: Bytes, fin: bool) -> Result<(), ProtocolError> {
        let beside_another = self.arrived.0 != id && self.streams.contains_key(&self.arrived.0);
        let Some(stream) = known(&mut self.streams, id, self.side, self.next, self.peer_highest)? else {
            return Ok(());
        };
        if stream.peer_ended {
            return Err(ProtocolError::AfterEnd(id));
        }
        let length = u32::try_from(payload.len()).map_err(|_| ProtocolError::TooLong)?;
        stream.allowed = stream.allowed.checked_sub(length).ok_or(ProtocolError::OverCredit(id))?;
        stream.peer_ended = fin;
        let alone = if beside_another { 0 } else { self.arrived.1 };
        self.arrived = (id, alone.saturating_add(payload.len()));
        if stream.discarding {
            self.consumed(id, payload.len());
            return Ok(());
        }
        self.forget_if_over(id);
        // One that is empty costs no credit: nobody may fill a queue with them.
        if fin || !payload.is_empty() {
            self.events.push_back(Event::Data { id, bytes: payload, fin });
        }
        Ok(())
    }

    fn window(&mut self, id: StreamId, credit: u32) -> Result<(), ProtocolError> {
        let Some(stream) = known(&mut self.streams, id, self.side, self.next, self.peer_highest)? else {
            return Ok(());
        };
        let sum = stream.credit.checked_add(credit).filter(|&sum| sum <= MAX_CREDIT);
        stream.credit = sum.ok_or(ProtocolError::Credit(id))?;
        if stream.blocked && stream.credit > 0 {
            stream.blocked = false;
            self.events.push_back(Event::Writable { id });
        }
        Ok(())
    }

    fn was_reset(&mut self, id: StreamId, code: Code) -> Result<(), ProtocolError> {
        known(&mut self.streams, id, self.side, self.next, self.peer_highest)?;
        if self.forget(id) {
            self.events.push_back(Event::Reset { id, code });
        }
        Ok(())
    }

    fn is_peers(&self, id: StreamId) -> bool {
        id != 0 && id.is_multiple_of(2) == (self.side == Side::Edge)
    }

    fn forget_if_over(&mut self, id: StreamId) {
        if self.streams.get(&id).is_some_and(Stream::is_over) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: StreamId) -> bool {
        let Some(stream) = self.streams.remove(&id) else { return false };
        self.budget += stream.growth();
        self.queued -= stream.queue.iter().map(Bytes::len).sum::<usize>();
        true
    }
}

/// The stream of a frame: `None` when it is gone, which late frames may not know yet.
fn known(
    streams: &mut HashMap<StreamId, Stream>,
    id: StreamId,
    side: Side,
    next: StreamId,
    peer_highest: StreamId,
) -> Result<Option<&mut Stream>, ProtocolError> {
    let ours = (id % 2 == 1) == (side == Side::Edge);
    let opened = if ours { id < next } else { id <= peer_highest };
    if id == 0 || !opened {
        return Err(ProtocolError::NeverOpened(id));
    }
    Ok(streams.get_mut(&id))
}
