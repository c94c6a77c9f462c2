//! The two halves of a stream, as whoever serves it holds them.

use std::{
    sync::{Arc, atomic::Ordering},
    task::Poll,
};

use bytes::Bytes;
use patr_tunnel::{Arrived, Code, StreamId};

use super::{Lane, Signal, lock};

/// The receiving half of a stream.
pub(crate) struct Reader {
    pub(super) id: StreamId,
    pub(super) lane: Arc<Lane>,
    pub(super) signal: Arc<Signal>,
    pub(super) ended: bool,
}

impl Reader {
    /// Whether nothing will come.
    pub(crate) fn is_empty(&self) -> bool {
        self.ended
    }

    /// The next bytes; `None` at the end, an error when the stream broke off. Asking for more says that what was
    /// answered before is dealt with.
    pub(crate) async fn read(&mut self) -> Option<std::io::Result<Bytes>> {
        if self.ended {
            return None;
        }
        let item = loop {
            if let Poll::Ready(item) = self.next() {
                break item;
            }
            self.signal.readable.notified().await;
        };
        match &item {
            Some(Ok(bytes)) => {
                lock(&self.lane.inner).mux.consumed(self.id, bytes.len());
                self.lane.ready.notify_one();
            }
            Some(Err(_)) | None => self.ended = true,
        }
        item
    }

    /// What [`Self::read`] answers, if it is known already.
    fn next(&self) -> Poll<Option<std::io::Result<Bytes>>> {
        let mut inbox = lock(&self.signal.inbox);
        match inbox.arrived.pop() {
            Some(bytes) => Poll::Ready(Some(Ok(bytes))),
            None if inbox.ended => Poll::Ready(None),
            None if inbox.closed => Poll::Ready(Some(Err(std::io::Error::other("the client broke off")))),
            None => Poll::Pending,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        lock(&self.signal.inbox).arrived = Arrived::default();
        lock(&self.lane.inner).mux.discard(self.id);
        self.lane.ready.notify_one();
    }
}

/// The sending half of a stream: to be finished or aborted.
pub(crate) struct Writer {
    pub(super) id: StreamId,
    pub(super) lane: Arc<Lane>,
    pub(super) signal: Arc<Signal>,
}

impl Writer {
    /// Sends bytes, waiting for credit; `false` when nobody wants them any more.
    pub(crate) async fn write(&self, bytes: Bytes) -> bool {
        self.send(bytes, false).await
    }

    /// Sends the last bytes and ends the stream well, with the same frame if they fit one.
    pub(crate) async fn finish_with(self, bytes: Bytes) {
        if self.send(bytes, true).await {
            self.lane.forget(self.id, None);
        }
    }

    async fn send(&self, mut bytes: Bytes, last: bool) -> bool {
        while !bytes.is_empty() {
            if self.signal.gone.load(Ordering::Relaxed) {
                return false;
            }
            let room = lock(&self.lane.inner).mux.sendable(self.id);
            if room == 0 {
                self.signal.writable.notified().await;
                continue;
            }
            let part = bytes.split_to(room.min(bytes.len()));
            let fin = last && bytes.is_empty();
            if lock(&self.lane.inner).mux.send(self.id, part, fin).is_err() {
                return false;
            }
            self.lane.ready.notify_one();
        }
        true
    }

    /// Ends the stream well.
    pub(crate) fn finish(self) {
        // Fails only for a stream that is gone already.
        let _ = lock(&self.lane.inner).mux.send(self.id, Bytes::new(), true);
        self.lane.forget(self.id, None);
    }

    /// Gives the stream up.
    pub(crate) fn abort(self, code: Code) {
        self.lane.forget(self.id, Some(code));
    }

    /// Waits until the other end gives the stream up.
    pub(crate) fn gone(&self) -> impl Future<Output = ()> + Send + 'static {
        let signal = Arc::clone(&self.signal);
        async move {
            while !signal.gone.load(Ordering::Relaxed) {
                signal.ended.notified().await;
            }
        }
    }
}
