//! The lanes: one WebSocket each, many streams on it.

mod ends;
mod outbox;
mod pace;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use patr_models::wire::{OpenRequest, PING, PING_EVERY_S, PROBE, RESTART, SILENCE_S};
use patr_tunnel::{Arrived, Code, Event, Mux, Side, StreamId};
use tokio::{
    sync::{Notify, watch},
    time,
};
use tokio_tungstenite::tungstenite::{self, Message};
use tracing::{debug, warn};

use crate::{
    config::Config,
    link::connect::{Backoff, Ended, Socket, connect, ended},
    proxy::Target,
    runtime::Runtime,
};
pub(crate) use ends::{Reader, Writer};
use outbox::Outbox;

/// Keeps as many lanes as the edge wants.
pub(crate) async fn run<R: Runtime>(config: Config, mut lanes: watch::Receiver<u8>, target: Target<R>) {
    let mut open = 0;
    loop {
        let wanted = *lanes.borrow_and_update();
        while open < wanted {
            tokio::spawn(keep(config.clone(), open, lanes.clone(), target.clone()));
            open += 1;
        }
        if lanes.changed().await.is_err() {
            return;
        }
    }
}

/// Keeps one lane. Whether the token is still good is the session's to find out; and when that is welcomed, the edge is
/// there again and nobody need wait longer.
async fn keep<R: Runtime>(config: Config, number: u8, mut welcomed: watch::Receiver<u8>, target: Target<R>) {
    let path = format!("/api/v1/runner/tunnel/{number}");
    let mut backoff = Backoff::default();
    // Once the agent is about to end, whoever comes after it has the lane.
    while !target.is_closing() {
        let ended = match connect(&config, &path, None).await {
            Ok(socket) => {
                backoff.opened(time::Instant::now());
                carry(socket, &target).await
            }
            Err(ended) => ended,
        };
        let not_before = match ended {
            Ended::Lost { why, not_before } => {
                debug!("lane {number}: {why}");
                not_before
            }
            Ended::Stopped(_) => {
                debug!("lane {number} was refused");
                None
            }
        };
        welcomed.mark_unchanged();
        let pause = time::sleep(backoff.lost(not_before, time::Instant::now(), rand::random()));
        tokio::select! {
            () = pause => {}
            Ok(()) = welcomed.changed(), if not_before.is_none() => {}
        }
    }
}

/// One connection of a lane, from its beginning to its end. It is written while it is read: credit must arrive while
/// data waits to go, and silence be noticed while nothing can.
async fn carry<R: Runtime>(socket: Socket, target: &Target<R>) -> Ended {
    let (sink, stream) = socket.split();
    let outbox = Outbox::default();
    // The edge asks only those of whom it knows that they answer.
    outbox.probed();
    let ended = tokio::select! {
        ended = read(stream, &outbox, target) => ended,
        ended = write(sink, &outbox) => ended,
    };
    outbox.lane().lost();
    ended
}

async fn read<R: Runtime>(mut stream: SplitStream<Socket>, outbox: &Outbox, target: &Target<R>) -> Ended {
    loop {
        let Ok(message) = time::timeout(Duration::from_secs(SILENCE_S), stream.next()).await else {
            return Ended::lost("silence");
        };
        match message {
            Some(Ok(Message::Binary(frame))) => {
                if let Err(error) = outbox.lane().input(frame, target) {
                    return Ended::lost(format!("the edge broke the tunnel's protocol: {error}"));
                }
                outbox.taken(time::Instant::now());
                outbox.ready.notify_one();
            }
            Some(Ok(Message::Text(text))) if text == PROBE => outbox.probed(),
            Some(Ok(Message::Text(text))) if text == RESTART => outbox.restart(),
            // A pong, or from a newer edge.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_))) => {}
            other => return ended(other),
        }
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, outbox: &Outbox) -> Ended {
    let mut ping = time::interval(Duration::from_secs(PING_EVERY_S));
    loop {
        let sent = tokio::select! {
            () = outbox.ready.notified() => burst(&mut sink, outbox).await,
            _ = ping.tick() => sink.send(Message::text(PING)).await,
        };
        if let Err(error) = sent {
            return error.into();
        }
    }
}

/// Frames that are sent before it may be a ping's turn.
const BURST: u8 = 64;

async fn burst(sink: &mut SplitSink<Socket, Message>, outbox: &Outbox) -> tungstenite::Result<()> {
    for _ in 0..BURST {
        outbox.gather().await;
        // A frame is made only when it can go.
        let Some(message) = outbox.next() else { return sink.flush().await };
        let (bytes, begun) = (message.len(), time::Instant::now());
        sink.feed(message).await?;
        outbox.sent(bytes, begun.elapsed());
    }
    outbox.ready.notify_one();
    Ok(())
}

/// Nothing in here panics halfway through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What both halves of a stream see.
#[derive(Default)]
struct Signal {
    gone: AtomicBool,
    ended: Notify,
    writable: Notify,
    inbox: Mutex<Inbox>,
    readable: Notify,
}

/// What has come on a stream.
#[derive(Default)]
struct Inbox {
    arrived: Arrived,
    /// The last of it is here.
    ended: bool,
    /// Nothing more will come.
    closed: bool,
}

/// The streams of a socket, until the edge forgets them.
struct Lane {
    inner: Mutex<Inner>,
    ready: Arc<Notify>,
}

struct Inner {
    mux: Mux,
    streams: HashMap<StreamId, Arc<Signal>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { mux: Mux::new(Side::Agent), streams: HashMap::new() }
    }
}

impl Lane {
    fn input<R: Runtime>(
        self: &Arc<Self>,
        message: Bytes,
        target: &Target<R>,
    ) -> Result<(), patr_tunnel::ProtocolError> {
        let mut inner = lock(&self.inner);
        inner.mux.input(message)?;
        while let Some(event) = inner.mux.poll_event() {
            match event {
                Event::Opened { id, payload, fin } => self.opened(&mut inner, target, id, &payload, fin),
                Event::Data { id, bytes, fin } => match inner.streams.get(&id) {
                    Some(signal) => signal.arrived(bytes, fin),
                    // The application has answered without reading the whole request: the rest is let go.
                    None => inner.mux.discard(id),
                },
                Event::Reset { id, .. } => {
                    if let Some(signal) = inner.streams.remove(&id) {
                        signal.end();
                    }
                }
                Event::Writable { id } => {
                    if let Some(signal) = inner.streams.get(&id) {
                        signal.writable.notify_one();
                    }
                }
            }
        }
        Ok(())
    }

    fn opened<R: Runtime>(
        self: &Arc<Self>,
        inner: &mut Inner,
        target: &Target<R>,
        id: StreamId,
        payload: &[u8],
        fin: bool,
    ) {
        let Ok(request) = serde_json::from_slice::<OpenRequest>(payload) else {
            warn!("a stream is of a kind that is not known here");
            inner.mux.reset(id, Code::Refused);
            return;
        };
        let signal = Arc::new(Signal::default());
        inner.streams.insert(id, Arc::clone(&signal));
        let lane = Arc::clone(self);
        let reader = Reader { id, lane: Arc::clone(&lane), signal: Arc::clone(&signal), ended: fin };
        let writer = Writer { id, lane, signal };
        tokio::spawn(target.clone().serve(request, reader, writer));
    }

    /// The socket is gone, and its streams with it.
    fn lost(&self) {
        for (_, signal) in lock(&self.inner).streams.drain() {
            signal.end();
        }
    }

    fn forget(&self, id: StreamId, code: Option<Code>) {
        let mut inner = lock(&self.inner);
        if let Some(signal) = inner.streams.remove(&id) {
            signal.close();
        }
        if let Some(code) = code {
            inner.mux.reset(id, code);
        }
        drop(inner);
        self.ready.notify_one();
    }
}

impl Signal {
    fn arrived(&self, bytes: Bytes, fin: bool) {
        let mut inbox = lock(&self.inbox);
        inbox.arrived.push(bytes);
        inbox.ended |= fin;
        drop(inbox);
        self.readable.notify_one();
    }

    /// Nothing more will come.
    fn close(&self) {
        lock(&self.inbox).closed = true;
        self.readable.notify_one();
    }

    fn end(&self) {
        self.close();
        self.gone.store(true, Ordering::Relaxed);
        self.ended.notify_waiters();
        self.ended.notify_one();
        self.writable.notify_one();
    }
}

#[cfg(test)]
mod tests;
