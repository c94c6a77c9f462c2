//! The end of an agent without the end of what goes through it.
//!
//! An agent that is asked to stop, or that another one took over from, finishes the streams that it has. Meanwhile new
//! requests that may be asked twice are left unanswered: they are lost with the lane, and the edge asks again as soon
//! as there is another.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// What every stream and lane sees of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handover(Arc<State>);

#[derive(Debug, Default)]
struct State {
    closing: AtomicBool,
    streams: AtomicUsize,
    idle: Notify,
}

/// A stream that is served; counted until it is dropped.
pub(crate) struct Serving(Arc<State>);

impl Drop for Serving {
    fn drop(&mut self) {
        if self.0.streams.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.notify_one();
        }
    }
}

impl Handover {
    pub(crate) fn serving(&self) -> Serving {
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        Serving(Arc::clone(&self.0))
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Relaxed)
    }

    /// Begins the end, and waits until nothing is served any more.
    pub(crate) async fn close(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
        while self.0.streams.load(Ordering::Relaxed) > 0 {
            self.0.idle.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn it_ends_when_the_last_stream_does() {
        let handover = Handover::default();
        let (one, other) = (handover.serving(), handover.serving());
        let closing = handover.close();
        let mut closing = std::pin::pin!(closing);
        assert!((&mut closing).now_or_never().is_none());
        assert!(handover.is_closing());
        drop(one);
        assert!((&mut closing).now_or_never().is_none());
        drop(other);
        closing.await;
    }
}
