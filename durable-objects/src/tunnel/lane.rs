//! The streams of one lane: [`Mux`] and whoever waits for a stream.

use std::{cell::RefCell, collections::HashMap, rc::Rc, task::Waker, time::Duration};

use bytes::Bytes;
use patr_models::{
    time::Millis,
    wire::{PROBE, close},
};
use patr_tunnel::{Arrived, Code, Event, Mux, ProtocolError, Side, StreamId};
use worker::{AbortSignal, WebSocket};

use super::{
    handover::{Retired, Verdict},
    liveness::{Liveness, Look},
};
use crate::platform::now;

mod stream;

pub use stream::LaneStream;

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
    /// Whoever asked is gone.
    Left,
}

#[derive(Default)]
struct Inbox {
    arrived: Arrived,
    ended: bool,
    broken: Option<Broken>,
    /// Since when the head of the answer is waited for.
    awaited: Option<Millis>,
    /// By which the platform says that whoever asked has left.
    client: Option<AbortSignal>,
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
    /// What the platform would not send.
    unsent: Option<Bytes>,
    /// Whether somebody looks for clients that have left.
    attended: bool,
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
            unsent: None,
            attended: false,
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
    ///
    /// That it refuses does not mean that the socket is gone, of which the platform tells by an event: a stream may be
    /// dropped by its garbage collector, where nothing can be sent. What it refused goes first the next time.
    fn flush(&mut self) {
        while let Some(frame) = self.unsent.take().or_else(|| self.mux.next_frame()) {
            if self.socket.send_with_bytes(&frame).is_err() {
                self.unsent = Some(frame);
                return;
            }
        }
    }

    /// Gives up the streams of clients that have left; answers whether there are any left to look after.
    fn attend(&mut self) -> bool {
        let left = |inbox: &Inbox| inbox.client.as_ref().is_some_and(AbortSignal::aborted);
        for (id, inbox) in self.inboxes.iter_mut().filter(|(_, inbox)| left(inbox)) {
            self.mux.reset(*id, Code::Cancelled);
            (inbox.client, inbox.broken) = (None, Some(Broken::Left));
            inbox.wake();
        }
        self.flush();
        self.attended = self.inboxes.values().any(|inbox| inbox.client.is_some());
        self.attended
    }
}
