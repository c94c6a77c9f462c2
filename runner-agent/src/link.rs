//! The session with the edge.
//!
//! ```text
//!           ┌──────────────── lost ────────────────┐
//!           ▼                                      │
//!  Waiting (full jitter, 0.5–30 s) ──▶ Connecting ──▶ Online ──▶ Refused: the process ends with a sentence
//! ```
//!
//! Losing the link is ordinary and stops nothing that runs. Every try has a fresh name look-up and a fresh socket.
//! What is said is decided in [`core`]; here it is sent and received.

pub(crate) mod connect;
mod core;
use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use patr_models::{
    runner::connect::PublicKey,
    time::Millis,
    wire::{Report, Sample},
};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant},
};
use tokio_tungstenite::tungstenite::Message;
use tracing::{info, warn};

use self::{
    connect::{Backoff, Ended, Socket, Stopped, connect, ended},
    core::{Core, Effect, Timing},
};
use crate::{
    config::Config,
    store::{Known, Store},
};

/// How long a message may take to leave: a peer that takes nothing is gone.
const SENDS_WITHIN: Duration = Duration::from_secs(60);

/// What the session reads and writes.
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) store: Arc<Store>,
    /// The machine in words.
    pub(crate) host: String,
    /// What secrets for this machine are sealed to.
    pub(crate) key: PublicKey,
    pub(crate) desired: watch::Sender<Option<Arc<Known>>>,
    pub(crate) report: watch::Receiver<Option<Report>>,
    /// What the replicas used. Not kept for a time when there is a link.
    pub(crate) samples: mpsc::Receiver<Vec<Sample>>,
    pub(crate) lanes: watch::Sender<u8>,
}

/// Keeps the session until it is refused.
pub(crate) async fn run(session: Session) -> Stopped {
    keep(session, Timing::default()).await
}

async fn keep(mut session: Session, timing: Timing) -> Stopped {
    let mut backoff = Backoff::default();
    loop {
        match session.connection(timing, &mut backoff).await {
            Ended::Stopped(stopped) => return stopped,
            Ended::Lost { why, not_before } => {
                let pause = backoff.lost(not_before, Instant::now(), rand::random());
                warn!("not connected: {why}; next try in {:.1} s", pause.as_secs_f64());
                time::sleep(pause).await;
            }
        }
    }
}

impl Session {
    /// One connection, from its beginning to its end.
    async fn connection(&mut self, timing: Timing, backoff: &mut Backoff) -> Ended {
        match connect(&self.config, "/api/v1/runner/session", Some(&self.key)).await {
            Ok(socket) => {
                backoff.opened(Instant::now());
                let Err(ended) = self.talk(socket, timing).await;
                ended
            }
            Err(ended) => ended,
        }
    }

    async fn talk(&mut self, mut socket: Socket, timing: Timing) -> Result<std::convert::Infallible, Ended> {
        let known = self.desired.borrow().clone();
        let (mut core, mut effects) =
            Core::open(timing, self.host.clone(), known.as_deref(), clock(), Instant::now());
        // What was reported on the last connection may not have arrived.
        self.report.mark_changed();
        loop {
            for effect in effects {
                self.perform(&mut socket, effect).await?;
            }
            effects = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => core.received(&text, clock(), Instant::now())?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        core.heard(Instant::now());
                        Vec::new()
                    }
                    other => return Err(ended(other)),
                },
                Ok(()) = self.report.changed() => {
                    let report = self.report.borrow_and_update().clone();
                    report.map(|report| core.reported(report, Instant::now())).unwrap_or_default()
                }
                Some(samples) = self.samples.recv() => core.sampled(samples),
                () = time::sleep_until(core.deadline()) => core.elapsed(Instant::now())?,
            };
        }
    }

    async fn perform(&self, socket: &mut Socket, effect: Effect) -> Result<(), Ended> {
        if let Some(text) = effect.text() {
            let sending = time::timeout(SENDS_WITHIN, socket.send(Message::text(text))).await;
            return Ok(sending.map_err(|_| Ended::lost("the edge takes nothing any more"))??);
        }
        match effect {
            Effect::Take(known) => self.take(known).await,
            Effect::Lanes(lanes) => drop(self.lanes.send_replace(lanes)),
            Effect::Warn(words) => warn!("{words}"),
            Effect::Info(words) => info!("{words}"),
            Effect::Send(_) | Effect::Ping => {}
        }
        Ok(())
    }

    /// A snapshot counts once it is on disk. Without a disk it counts all the same: it is heard again after a start.
    async fn take(&self, known: Arc<Known>) {
        let (store, news) = (Arc::clone(&self.store), Arc::clone(&known));
        // A slow disk must not hold up what goes through the tunnel.
        let kept = tokio::task::spawn_blocking(move || store.save(&news)).await;
        if let Ok(Err(error)) = kept {
            warn!("what should run could not be kept on disk: {error:#}");
        }
        self.desired.send_if_modified(|last| {
            let changed = last.as_ref() != Some(&known);
            *last = Some(known);
            changed
        });
    }
}

/// This machine's clock. Nothing is decided by it.
pub(crate) fn clock() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "the one place where the agent reads the clock")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
