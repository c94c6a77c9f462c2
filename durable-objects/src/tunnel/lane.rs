//! The streams of one lane: [`Mux`] and whoever waits for a stream.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::{Stream, future::poll_fn};
use patr_tunnel::{Code, Event, Mux, OpenError, ProtocolError, Side, StreamId};
use worker::WebSocket;

/// Why a stream ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The agent gave it up.
    Reset(Code),
    /// The socket is gone.
    Lost,
}

#[derive(Default)]
struct Inbox {
    chunks: VecDeque<Bytes>,
    ended: bool,
    broken: Option<Broken>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Inbox {
    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

/// One socket of an agent, with its streams.
pub struct Lane {
    socket: WebSocket,
    mux: Mux,
    inboxes: HashMap<StreamId, Inbox>,
    /// After hibernation the agent is told to start over; until it answers, what it sends is of the old streams.
    pub stale: bool,
}

/// A lane that its streams share.
pub type Shared = Rc<RefCell<Lane>>;

impl Lane {
    pub fn new(socket: WebSocket, stale: bool) -> Self {
        Self { socket, mux: Mux::new(Side::Edge), inboxes: HashMap::new(), stale }
    }

    pub fn socket(&self) -> &WebSocket {
        &self.socket
    }

    /// A frame from the agent.
    pub fn input(&mut self, message: Bytes) -> Result<(), ProtocolError> {
        if self.stale {
            return Ok(());
        }
        let outcome = self.mux.input(message);
        while let Some(event) = self.mux.poll_event() {
            self.handle(event);
        }
        self.flush();
        outcome
    }

    /// The socket is gone, and its streams with it.
    pub fn lost(&mut self) {
        for inbox in self.inboxes.values_mut() {
            inbox.broken = Some(Broken::Lost);
            inbox.wake();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            // Agents open no streams yet.
            Event::Opened { id, .. } => self.mux.reset(id, Code::Refused),
            Event::Data { id, bytes, fin } => {
                let Some(inbox) = self.inboxes.get_mut(&id) else { return };
                if !bytes.is_empty() {
                    inbox.chunks.push_back(bytes);
                }
                inbox.ended |= fin;
                inbox.wake();
            }
            Event::Reset { id, code } => {
                let Some(inbox) = self.inboxes.get_mut(&id) else { return };
                inbox.broken = Some(Broken::Reset(code));
                inbox.wake();
            }
            Event::Writable { id } => {
                self.inboxes
                    .get_mut(&id)
                    .and_then(|inbox| inbox.writer.take())
                    .into_iter()
                    .for_each(Waker::wake);
            }
        }
    }

    /// The platform's `send` has no back-pressure of its own: credit bounds what is ever waiting here.
    fn flush(&mut self) {
        while let Some(frame) = self.mux.next_frame() {
            if self.socket.send_with_bytes(&frame).is_err() {
                self.lost();
                return;
            }
        }
    }
}

/// One stream. Dropped before its end, it is reset, so that the agent stops working for nobody.
pub struct LaneStream {
    lane: Shared,
    id: StreamId,
}

impl LaneStream {
    /// Opens a stream.
    pub fn open(lane: &Shared, payload: Bytes, fin: bool) -> Result<Self, OpenError> {
        let mut inner = lane.borrow_mut();
        let id = inner.mux.open(payload, fin)?;
        inner.inboxes.insert(id, Inbox::default());
        inner.flush();
        Ok(Self { lane: Rc::clone(lane), id })
    }

    /// The next bytes; `None` at the end.
    pub async fn read(&self) -> Option<Result<Bytes, Broken>> {
        poll_fn(|context| self.poll_read(context)).await
    }

    fn poll_read(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut lane = self.lane.borrow_mut();
        let lane = &mut *lane;
        let Some(inbox) = lane.inboxes.get_mut(&self.id) else { return Poll::Ready(Some(Err(Broken::Lost))) };
        if let Some(chunk) = inbox.chunks.pop_front() {
            lane.mux.consumed(self.id, chunk.len());
            lane.flush();
            return Poll::Ready(Some(Ok(chunk)));
        }
        if inbox.ended {
            return Poll::Ready(None);
        }
        if let Some(broken) = inbox.broken {
            return Poll::Ready(Some(Err(broken)));
        }
        inbox.reader = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits until something can be sent, and answers how many bytes; 0 when the stream takes no more.
    pub async fn room(lane: &Shared, id: StreamId) -> usize {
        poll_fn(|context| Self::poll_room(lane, id, context)).await
    }

    /// Sends at most as many bytes as there was room for. Nothing happens if the stream takes no more.
    pub fn send(lane: &Shared, id: StreamId, bytes: Bytes) {
        let mut lane = lane.borrow_mut();
        let _ = lane.mux.send(id, bytes, false);
        lane.flush();
    }

    fn poll_room(lane: &Shared, id: StreamId, context: &mut Context<'_>) -> Poll<usize> {
        let mut lane = lane.borrow_mut();
        let lane = &mut *lane;
        let room = lane.mux.sendable(id);
        match lane.inboxes.get_mut(&id) {
            Some(inbox) if room == 0 && inbox.broken.is_none() => {
                inbox.writer = Some(context.waker().clone());
                Poll::Pending
            }
            Some(_) => Poll::Ready(room),
            None => Poll::Ready(0),
        }
    }

    /// Ends our direction.
    pub fn finish(lane: &Shared, id: StreamId) {
        let mut lane = lane.borrow_mut();
        let _ = lane.mux.send(id, Bytes::new(), true);
        lane.flush();
    }

    /// Gives up the stream.
    pub fn abort(lane: &Shared, id: StreamId, code: Code) {
        let mut lane = lane.borrow_mut();
        lane.mux.reset(id, code);
        lane.flush();
    }

    pub fn id(&self) -> StreamId {
        self.id
    }
}

impl Drop for LaneStream {
    fn drop(&mut self) {
        let mut lane = self.lane.borrow_mut();
        if let Some(mut inbox) = lane.inboxes.remove(&self.id) {
            inbox.wake();
        }
        // Nothing is sent when both directions have ended.
        lane.mux.reset(self.id, Code::Cancelled);
        lane.flush();
    }
}

/// The body of an answer: what was read with its head, then the rest.
pub struct Body {
    first: Option<Bytes>,
    stream: LaneStream,
}

impl Body {
    pub fn new(first: Bytes, stream: LaneStream) -> Self {
        Self { first: Some(first).filter(|first| !first.is_empty()), stream }
    }
}

impl Stream for Body {
    type Item = Result<Vec<u8>, worker::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first.into())));
        }
        self.stream.poll_read(context).map(|item| {
            item.map(|chunk| {
                chunk.map(Vec::from).map_err(|broken| format!("the answer broke off: {broken:?}").into())
            })
        })
    }
}
