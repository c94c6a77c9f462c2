//! What goes out on the socket of a lane, in order and in large frames.

use std::sync::{Arc, Mutex};

use patr_models::wire::RESTARTED;
use patr_tunnel::limits::MAX_FRAME;
use tokio::{sync::Notify, task::yield_now};
use tokio_tungstenite::tungstenite::Message;

use super::{Lane, lock};

/// Turns of the event loop in which nothing was added before a frame goes: a piece passes through two tasks on its
/// way from the application's socket.
const IDLE_TURNS: u8 = 3;

/// What goes out on one socket, in order.
#[derive(Default)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    /// There may be something to send.
    pub(super) ready: Arc<Notify>,
}

#[derive(Default)]
struct Queue {
    lane: Option<Arc<Lane>>,
    /// The edge waits to hear that its restart was heard; nothing of the new streams may come before.
    restarted: bool,
}

impl Outbox {
    pub(super) fn lane(&self) -> Arc<Lane> {
        let fresh = || Arc::new(Lane { inner: Mutex::default(), ready: Arc::clone(&self.ready) });
        Arc::clone(lock(&self.queue).lane.get_or_insert_with(fresh))
    }

    /// Ends the streams that the edge has forgotten.
    pub(super) fn restart(&self) {
        let old = {
            let mut queue = lock(&self.queue);
            queue.restarted = true;
            queue.lane.take()
        };
        if let Some(lane) = old {
            lane.lost();
        }
        self.ready.notify_one();
    }

    /// Lets those who fill the streams go on while they do: what an application writes arrives in small pieces, and a
    /// large frame costs the edge a fraction of what it costs in many small ones. It takes as long as they have
    /// something to add, which is microseconds.
    pub(super) async fn gather(&self) {
        let (mut queued, mut idle) = (self.queued(), 0);
        while (1..MAX_FRAME).contains(&queued) && idle < IDLE_TURNS {
            yield_now().await;
            let now = self.queued();
            idle = if now > queued { 0 } else { idle + 1 };
            queued = now;
        }
    }

    fn queued(&self) -> usize {
        lock(&self.queue).lane.as_ref().map_or(0, |lane| lock(&lane.inner).mux.queued())
    }

    pub(super) fn next(&self) -> Option<Message> {
        let mut queue = lock(&self.queue);
        if std::mem::take(&mut queue.restarted) {
            return Some(Message::text(RESTARTED));
        }
        let frame = lock(&queue.lane.as_ref()?.inner).mux.next_frame()?;
        Some(Message::Binary(frame))
    }
}
