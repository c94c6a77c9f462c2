//! What goes out on the socket of a lane, in order and in large frames.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use patr_models::wire::{PROBED, RESTARTED};
use patr_tunnel::limits::MAX_FRAME;
use tokio::{sync::Notify, task::yield_now, time::Instant};
use tokio_tungstenite::tungstenite::Message;

use super::{Lane, lock, pace::Pace};

/// Turns of the event loop in which nothing was added before a frame goes: a piece passes through two tasks on its
/// way from the application's socket.
const IDLE_TURNS: u8 = 3;

/// After how long it says a word that does nothing but listen. The edge asks after a second.
const SPEAKS_WITHIN: Duration = Duration::from_millis(500);

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
    /// The edge is to hear that somebody is here.
    probed: bool,
    /// Since when something came and nothing went.
    taking: Option<Instant>,
    pace: Pace,
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

    /// Answers a probe, before anything that waits.
    pub(super) fn probed(&self) {
        lock(&self.queue).probed = true;
        self.ready.notify_one();
    }

    /// A frame came. An edge that is only listened to would take a slow link for a dead one: what it has sent before a
    /// probe arrives before it.
    pub(super) fn taken(&self, now: Instant) {
        let mut queue = lock(&self.queue);
        let since = *queue.taking.get_or_insert(now);
        queue.probed |= now.duration_since(since) >= SPEAKS_WITHIN;
    }

    /// The socket took `took` until it had room for a message.
    pub(super) fn sent(&self, bytes: usize, took: Duration) {
        lock(&self.queue).pace.sent(bytes, took);
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
        if std::mem::take(&mut queue.probed) {
            queue.taking = None;
            return Some(Message::text(PROBED));
        }
        let most = queue.pace.most();
        let frame = lock(&queue.lane.as_ref()?.inner).mux.next_frame_of(most)?;
        queue.taking = None;
        Some(Message::Binary(frame))
    }
}

#[cfg(test)]
mod tests {
    use patr_tunnel::{Mux, Side};

    use super::*;

    fn text(message: Option<Message>) -> Option<String> {
        message.and_then(|message| message.into_text().ok()).map(|text| text.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_is_answered_before_what_waits() {
        let outbox = Outbox::default();
        let (lane, mut edge) = (outbox.lane(), Mux::new(Side::Edge));
        edge.open("x".into(), false).unwrap();
        lock(&lane.inner).mux.input(edge.next_frame().unwrap()).unwrap();
        lock(&lane.inner).mux.send(1, vec![0; 60_000].into(), true).unwrap();
        outbox.probed();
        assert_eq!(text(outbox.next()), Some(PROBED.to_owned()));
        assert!(matches!(outbox.next(), Some(Message::Binary(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_only_listens_says_so_before_it_is_asked() {
        let outbox = Outbox::default();
        let begun = Instant::now();
        outbox.taken(begun);
        assert!(outbox.next().is_none());
        outbox.taken(begun + SPEAKS_WITHIN);
        assert_eq!(text(outbox.next()), Some(PROBED.to_owned()));
        outbox.taken(begun + SPEAKS_WITHIN * 3);
        assert!(outbox.next().is_none(), "it has just spoken");
    }
}
