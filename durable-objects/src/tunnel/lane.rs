//! The streams of one lane: [`Mux`] and whoever waits for a stream.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::poll_fn;
use patr_models::{
    time::Millis,
    wire::{PROBE, close},
};
use patr_tunnel::{Arrived, Code, Event, Mux, OpenError, ProtocolError, Side, StreamId};
use worker::{Delay, WebSocket};

use super::{
    handover::{Retired, Verdict},
    liveness::{Liveness, Look},
};
use crate::platform::now;

/// Why an older socket is closed.
pub const REPLACED: &str = "a newer connection took over";
/// Why one is closed whose agent does not answer.
const NOT_HEARD: &str = "nothing was heard of you";

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
    arrived: Arrived,
    ended: bool,
    broken: Option<Broken>,
    /// Since when the head of the answer is waited for.
    awaited: Option<Millis>,
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
    /// When it was accepted, or found again.
    since: Millis,
    /// Since when there is a newer socket. This one ends with its last stream.
    pub retired: Option<Millis>,
    liveness: Liveness,
    /// Its agent is gone: whatever the platform says of the socket, nothing goes over it.
    dead: bool,
}

/// A lane that its streams share.
pub type Shared = Rc<RefCell<Lane>>;

impl Lane {
    pub fn new(socket: WebSocket, stale: bool, now: Millis) -> Self {
        // What is kept of a socket over the object's sleep is that its agent answers probes.
        let answers = socket.deserialize_attachment::<bool>().ok().flatten().unwrap_or_default();
        Self {
            socket,
            mux: Mux::new(Side::Edge),
            inboxes: HashMap::new(),
            stale,
            since: now,
            retired: None,
            liveness: Liveness::new(answers, now),
            dead: false,
        }
    }

    /// Whether its agent was found to be gone.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// Anything at all came from the agent.
    pub fn heard(&mut self) {
        self.liveness.heard(now());
    }

    /// The agent has answered a probe, or says that it will.
    pub fn probed(&mut self) {
        if self.liveness.answers() {
            // Without it an agent that goes while the object sleeps is missed later.
            let _ = self.socket.serialize_attachment(true);
        }
    }

    pub fn socket(&self) -> &WebSocket {
        &self.socket
    }

    /// A frame from the agent.
    pub fn input(&mut self, message: Bytes) -> Result<(), ProtocolError> {
        if self.stale || self.dead {
            return Ok(());
        }
        let outcome = self.mux.input(message);
        while let Some(event) = self.mux.poll_event() {
            self.handle(event);
        }
        self.flush();
        outcome
    }

    /// What is to be done about it now that there is a newer one. `heartbeat` is the last that the platform answered.
    pub fn verdict(&self, heartbeat: Option<Millis>, now: Millis) -> Verdict {
        let heard = heartbeat.map_or(self.since, |at| at.max(self.since));
        Retired { since: self.retired.unwrap_or(now), heard, streams: self.inboxes.len() }.verdict(now)
    }

    /// Ends the socket, and its streams with it.
    pub fn close(&mut self, code: u16, reason: &str) {
        // One that is closed already refuses.
        let _ = self.socket.close(Some(code), Some(reason));
        self.lost();
    }

    /// Ends a socket that was replaced and has served its last stream.
    pub fn close_if_drained(&mut self) {
        if self.retired.is_some() && self.inboxes.is_empty() {
            self.close(close::REPLACED, REPLACED);
        }
    }

    /// The socket is gone, and its streams with it.
    pub fn lost(&mut self) {
        for inbox in self.inboxes.values_mut() {
            inbox.broken = Some(Broken::Lost);
            inbox.wake();
        }
    }

    /// Asks the agent whether it is there if it has been quiet for too long; answers when to look again.
    fn look(&mut self) -> Option<Duration> {
        let awaited = self.inboxes.values().filter(|inbox| inbox.broken.is_none());
        let awaited = awaited.filter_map(|inbox| inbox.awaited).min();
        match self.liveness.look(awaited, now()) {
            Look::Rest => None,
            Look::Again(after) => Some(after),
            Look::Ask(after) => {
                // A socket that takes nothing is found out all the same.
                let _ = self.socket.send_with_str(PROBE);
                Some(after)
            }
            Look::Dead => {
                self.dead = true;
                self.close(close::SILENT, NOT_HEARD);
                None
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            // Agents open no streams yet.
            Event::Opened { id, .. } => self.mux.reset(id, Code::Refused),
            Event::Data { id, bytes, fin } => {
                let Some(inbox) = self.inboxes.get_mut(&id) else { return };
                inbox.arrived.push(bytes);
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
        inner.inboxes.insert(id, Inbox { awaited: Some(now()), ..Inbox::default() });
        inner.flush();
        drop(inner);
        watch(lane);
        Ok(Self { lane: Rc::clone(lane), id })
    }

    /// The head of the answer has come: what follows may take its time.
    pub fn begun(&self) {
        if let Some(inbox) = self.lane.borrow_mut().inboxes.get_mut(&self.id) {
            inbox.awaited = None;
        }
    }

    /// The next bytes; `None` at the end.
    pub async fn read(&self) -> Option<Result<Bytes, Broken>> {
        poll_fn(|context| self.poll_read(context)).await
    }

    pub fn poll_read(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut lane = self.lane.borrow_mut();
        let lane = &mut *lane;
        let Some(inbox) = lane.inboxes.get_mut(&self.id) else { return Poll::Ready(Some(Err(Broken::Lost))) };
        if let Some(chunk) = inbox.arrived.pop() {
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

    /// Everything to the end, if all of it has arrived.
    pub fn rest(&self) -> Option<Bytes> {
        let mut lane = self.lane.borrow_mut();
        let inbox = lane.inboxes.get_mut(&self.id).filter(|inbox| inbox.ended)?;
        let rest = inbox.arrived.take();
        lane.mux.consumed(self.id, rest.len());
        Some(rest)
    }

    /// Waits until something can be sent, and answers how many bytes; 0 when the stream takes no more.
    pub async fn room(lane: &Shared, id: StreamId) -> usize {
        poll_fn(|context| Self::poll_room(lane, id, context)).await
    }

    /// Sends at most as many bytes as there was room for. Nothing happens if the stream takes no more.
    pub fn send(lane: &Shared, id: StreamId, bytes: Bytes) {
        let mut inner = lane.borrow_mut();
        let _ = inner.mux.send(id, bytes, false);
        inner.flush();
        inner.liveness.sent(now());
        drop(inner);
        watch(lane);
    }

    /// Sends all of it, as fast as the agent takes it; `false` when the stream takes no more.
    pub async fn send_all(lane: &Shared, id: StreamId, mut bytes: Bytes) -> bool {
        while !bytes.is_empty() {
            let room = Self::room(lane, id).await;
            if room == 0 {
                return false;
            }
            Self::send(lane, id, bytes.split_to(room.min(bytes.len())));
        }
        true
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

    /// Gives up the stream. Whoever still reads it hears so: the agent will say nothing more of it.
    pub fn abort(lane: &Shared, id: StreamId, code: Code) {
        let mut lane = lane.borrow_mut();
        lane.mux.reset(id, code);
        if let Some(inbox) = lane.inboxes.get_mut(&id) {
            inbox.broken = Some(Broken::Reset(code));
            inbox.wake();
        }
        lane.flush();
    }

    pub fn id(&self) -> StreamId {
        self.id
    }

    pub fn lane(&self) -> &Shared {
        &self.lane
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
        lane.close_if_drained();
    }
}

/// Looks after the agent for as long as somebody waits for it.
fn watch(lane: &Shared) {
    if !lane.borrow_mut().liveness.begin() {
        return;
    }
    let lane = Rc::clone(lane);
    wasm_bindgen_futures::spawn_local(async move {
        // Whoever has come first is looked after from its first second on; who comes later, from the next look on.
        let mut after = lane.borrow_mut().look();
        while let Some(pause) = after {
            Delay::from(pause).await;
            after = lane.borrow_mut().look();
        }
    });
}
