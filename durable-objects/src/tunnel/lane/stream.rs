//! What a request has of a lane.

use std::{
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::poll_fn;
use patr_tunnel::{Code, OpenError, StreamId};
use worker::{AbortSignal, Delay};

use super::{Broken, Inbox, Shared};
use crate::platform::now;

/// How often it is looked whether those who asked are still there. The platform tells by an event too; but listening
/// costs each request more than looking costs a second of all of them.
const CLIENTS_EVERY: Duration = Duration::from_secs(1);

/// One stream. Dropped before its end, it is reset, so that the agent stops working for nobody.
pub struct LaneStream {
    lane: Shared,
    id: StreamId,
}

impl LaneStream {
    /// Opens a stream for a client.
    pub fn open(lane: &Shared, payload: Bytes, fin: bool, client: AbortSignal) -> Result<Self, OpenError> {
        let mut inner = lane.borrow_mut();
        let id = inner.mux.open(payload, fin)?;
        let inbox = Inbox { awaited: Some(now()), client: Some(client), ..Inbox::default() };
        inner.inboxes.insert(id, inbox);
        inner.flush();
        drop(inner);
        watch(lane);
        attend(lane);
        Ok(Self { lane: Rc::clone(lane), id })
    }

    /// The head of the answer has come: what follows may take its time.
    pub fn begun(&self) {
        if let Some(inbox) = self.lane.borrow_mut().inboxes.get_mut(&self.id) {
            inbox.awaited = None;
        }
    }

    /// The answer is a connection, which says by itself when its client is gone.
    pub fn connected(&self) {
        if let Some(inbox) = self.lane.borrow_mut().inboxes.get_mut(&self.id) {
            inbox.client = None;
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

/// Looks after the clients for as long as there are any: the application need not go on for those who have left.
fn attend(lane: &Shared) {
    if std::mem::replace(&mut lane.borrow_mut().attended, true) {
        return;
    }
    let lane = Rc::clone(lane);
    wasm_bindgen_futures::spawn_local(async move {
        loop {
            Delay::from(CLIENTS_EVERY).await;
            if !lane.borrow_mut().attend() {
                return;
            }
        }
    });
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
