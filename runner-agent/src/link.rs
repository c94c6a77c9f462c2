//! The session with the edge.
//!
//! ```text
//!           ┌──────────────── lost ────────────────┐
//!           ▼                                      │
//!  Waiting (full jitter, 0.5–30 s) ──▶ Connecting ──▶ Online ──▶ Refused: the process ends with a sentence
//! ```
//!
//! Losing the link is ordinary and stops nothing that runs. Every try has a fresh name look-up and a fresh socket.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::{StatusCode, header::AUTHORIZATION};
use patr_models::{
    ids::RunnerId,
    time::Millis,
    wire::{FromAgent, PING, PING_EVERY_S, PONG, PROTOCOL, Report, SILENCE_S, Seq, ToAgent, close},
};
use tokio::{net::TcpStream, sync::watch, time};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};
use tracing::{info, warn};

use crate::{
    config::{Config, Token},
    store::{Known, Store},
};

/// A WebSocket of ours.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why the agent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    Asked,
    TokenRefused,
    Replaced,
    Protocol,
}

impl Stopped {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Asked => 0,
            Self::TokenRefused => 3,
            Self::Replaced => 4,
            Self::Protocol => 5,
        }
    }

    /// From the code of a close frame; `None` for an ordinary loss.
    pub(crate) fn from_close(code: u16) -> Option<Self> {
        match code {
            close::REPLACED => Some(Self::Replaced),
            close::REVOKED => Some(Self::TokenRefused),
            close::PROTOCOL => Some(Self::Protocol),
            _ => None,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "stopped; what runs here goes on",
            Self::TokenRefused => {
                "the control plane refuses this runner's token: it was rotated or the runner removed. Put in the new \
                 one, from `patr runner rotate-token` or `patr runner add`. What runs here goes on"
            }
            Self::Replaced => "another agent connected with the same token and took over; this one stops",
            Self::Protocol => {
                "the control plane does not speak this agent's protocol: install the agent of its version. What runs \
                 here goes on"
            }
        })
    }
}

/// Why a connection ended.
pub(crate) enum Ended {
    /// To be tried again.
    Lost(String),
    /// For good.
    Stopped(Stopped),
}

impl From<tungstenite::Error> for Ended {
    fn from(error: tungstenite::Error) -> Self {
        match &error {
            tungstenite::Error::Http(response)
                if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) =>
            {
                Self::Stopped(Stopped::TokenRefused)
            }
            _ => Self::Lost(error.to_string()),
        }
    }
}

/// Shortest and longest pause before another try.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Full jitter: anywhere between nothing and a bound that doubles, so that a thousand agents do not come back at once.
pub(crate) fn pause(attempt: u32, random: f64) -> Duration {
    let bound = PAUSE.0.saturating_mul(1 << attempt.min(10)).min(PAUSE.1);
    bound.mul_f64(random).max(Duration::from_millis(50))
}

/// Opens a WebSocket as the runner whose token it is.
pub(crate) async fn connect(base: &str, path: &str, token: &Token) -> Result<Socket, Ended> {
    let mut request = format!("{base}{path}").into_client_request()?;
    let value = format!("Bearer {}", token.reveal()).parse();
    let mut value: http::HeaderValue = value.map_err(|_| Ended::Stopped(Stopped::TokenRefused))?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    // Frames of a tunnel have 1 MiB at most; a snapshot may be larger.
    let config = WebSocketConfig::default().max_message_size(Some(32 << 20)).max_frame_size(Some(32 << 20));
    let connecting = connect_async_with_config(request, Some(config), true);
    match time::timeout(Duration::from_secs(15), connecting).await {
        Ok(connected) => Ok(connected?.0),
        Err(_) => Err(Ended::Lost("no answer within 15 seconds".to_owned())),
    }
}

/// What ends a connection, from a message that is no data.
pub(crate) fn ended(message: Option<Result<Message, tungstenite::Error>>) -> Ended {
    match message {
        Some(Ok(Message::Close(frame))) => {
            let code = frame.as_ref().map_or(1005, |frame| frame.code.into());
            let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
            Stopped::from_close(code)
                .map_or_else(|| Ended::Lost(format!("closed ({code}) {reason}")), Ended::Stopped)
        }
        Some(Err(error)) => error.into(),
        Some(Ok(_)) | None => Ended::Lost("the connection ended".to_owned()),
    }
}

/// What the session reads and writes.
struct Session {
    config: Config,
    store: Store,
    host: String,
    desired: watch::Sender<Option<Arc<Known>>>,
    report: watch::Receiver<Option<Report>>,
    lanes: watch::Sender<u8>,
}

/// Keeps the session until it is refused.
pub(crate) async fn run(
    config: Config,
    store: Store,
    host: String,
    desired: watch::Sender<Option<Arc<Known>>>,
    report: watch::Receiver<Option<Report>>,
    lanes: watch::Sender<u8>,
) -> Stopped {
    let mut session = Session { config, store, host, desired, report, lanes };
    let mut attempt = 0;
    loop {
        match session.connection(&mut attempt).await {
            Ended::Stopped(stopped) => return stopped,
            Ended::Lost(why) => {
                let pause = pause(attempt, rand::random());
                attempt += 1;
                warn!("not connected: {why}; next try in {:.1} s", pause.as_secs_f64());
                time::sleep(pause).await;
            }
        }
    }
}

impl Session {
    /// One connection, from its beginning to its end.
    async fn connection(&mut self, attempt: &mut u32) -> Ended {
        let socket = match connect(&self.config.base, "/api/v1/runner/session", &self.config.token).await {
            Ok(socket) => socket,
            Err(ended) => return ended,
        };
        match self.talk(socket, attempt).await {
            Ok(never) => never,
            Err(ended) => ended,
        }
    }

    async fn talk(&mut self, mut socket: Socket, attempt: &mut u32) -> Result<Ended, Ended> {
        let hello = FromAgent::Hello {
            protocol: PROTOCOL,
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            host: Some(self.host.clone()),
            clock: now(),
            revision: self.desired.borrow().as_ref().map(|known| known.snapshot.revision),
        };
        send(&mut socket, &hello).await?;
        let mut reports = Reports::default();
        let mut ping = time::interval(Duration::from_secs(PING_EVERY_S));
        let silence = Duration::from_secs(SILENCE_S);
        let mut deadline = time::Instant::now() + silence;
        self.report.mark_changed();
        loop {
            tokio::select! {
                message = socket.next() => {
                    deadline = time::Instant::now() + silence;
                    match message {
                        Some(Ok(Message::Text(text))) if text == PONG => {}
                        Some(Ok(Message::Text(text))) => {
                            if self.received(&text, &mut reports)? {
                                *attempt = 0;
                            }
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        other => return Err(ended(other)),
                    }
                }
                Ok(()) = self.report.changed() => reports.waiting = self.report.borrow_and_update().clone(),
                _ = ping.tick() => socket.send(Message::text(PING)).await?,
                () = time::sleep_until(deadline) => {
                    return Err(Ended::Lost(format!("nothing was heard for {SILENCE_S} s")));
                }
            }
            if let Some(message) = reports.next() {
                send(&mut socket, &message).await?;
            }
        }
    }

    /// Takes a message of the edge; whether it was the welcome.
    fn received(&self, text: &str, reports: &mut Reports) -> Result<bool, Ended> {
        let message: ToAgent = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(error) => {
                // A newer edge may say more than is known here.
                warn!("a message of the edge was not understood: {error}");
                return Ok(false);
            }
        };
        match message {
            ToAgent::Welcome { protocol, .. } if protocol != PROTOCOL => {
                return Err(Ended::Stopped(Stopped::Protocol));
            }
            ToAgent::Welcome { epoch, runner, now: theirs, lanes, .. } => {
                info!("connected as {runner}, epoch {epoch}");
                warn_about_clock(theirs);
                reports.runner = Some(runner);
                self.lanes.send_replace(lanes);
                return Ok(true);
            }
            ToAgent::Desired { snapshot } => {
                if let Some(runner) = reports.runner {
                    self.take(Known { runner, snapshot });
                }
            }
            ToAgent::Stored { through } => reports.stored(through),
        }
        Ok(false)
    }

    /// Takes a snapshot that is not older than the one there is. It counts only once it is on disk.
    fn take(&self, news: Known) {
        let newer = |known: &Arc<Known>| {
            known.runner == news.runner && known.snapshot.revision > news.snapshot.revision
        };
        if self.desired.borrow().as_ref().is_some_and(newer) {
            return;
        }
        if let Err(error) = self.store.save(&news) {
            warn!("what should run could not be kept on disk: {error:#}");
        }
        self.desired.send_if_modified(|known| {
            let changed = known.as_deref() != Some(&news);
            *known = Some(Arc::new(news));
            changed
        });
    }
}

async fn send(socket: &mut Socket, message: &FromAgent) -> Result<(), Ended> {
    let text = serde_json::to_string(message).map_err(|error| Ended::Lost(error.to_string()))?;
    Ok(socket.send(Message::text(text)).await?)
}

/// Reports of one connection: one on its way at a time, the newest next. Each says everything, so those in between
/// need not be sent.
#[derive(Default)]
struct Reports {
    /// As which runner; known since the welcome.
    runner: Option<RunnerId>,
    seq: Seq,
    unstored: bool,
    waiting: Option<Report>,
}

impl Reports {
    fn next(&mut self) -> Option<FromAgent> {
        if self.runner.is_none() || self.unstored {
            return None;
        }
        let report = self.waiting.take()?;
        self.seq += 1;
        self.unstored = true;
        Some(FromAgent::Report { seq: self.seq, report })
    }

    fn stored(&mut self, through: Seq) {
        if through >= self.seq {
            self.unstored = false;
        }
    }
}

fn warn_about_clock(theirs: Millis) {
    let ours = now();
    let apart = ours.since(theirs).max(theirs.since(ours));
    if apart > Duration::from_secs(60) {
        warn!(
            "this machine's clock is {} s away from the edge's: set it right (certificates depend on it)",
            apart.as_secs()
        );
    }
}

/// This machine's clock. Nothing is decided by it.
pub(crate) fn now() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "the one place where the agent reads the clock")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use patr_models::ids::Id;

    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_are_never_nothing() {
        assert_eq!(pause(0, 1.0), Duration::from_millis(500));
        assert_eq!(pause(3, 1.0), Duration::from_secs(4));
        assert_eq!(pause(1000, 1.0), Duration::from_secs(30));
        assert_eq!(pause(1000, 0.0), Duration::from_millis(50));
    }

    #[test]
    fn only_three_close_codes_stop_the_agent() {
        assert_eq!(Stopped::from_close(close::REPLACED), Some(Stopped::Replaced));
        assert_eq!(Stopped::from_close(close::REVOKED), Some(Stopped::TokenRefused));
        assert_eq!(Stopped::from_close(close::PROTOCOL), Some(Stopped::Protocol));
        for ordinary in [1000, 1001, 1006, 1011, close::MALFORMED] {
            assert_eq!(Stopped::from_close(ordinary), None);
        }
    }

    #[test]
    fn the_newest_report_is_sent_once_the_one_before_is_stored() {
        let runner = RunnerId::from_parts(Millis(0), 0);
        let report = |revision| Report { revision, ..Report::default() };
        let mut reports = Reports { runner: Some(runner), waiting: Some(report(1)), ..Reports::default() };
        assert!(matches!(reports.next(), Some(FromAgent::Report { seq: 1, .. })));
        reports.waiting = Some(report(2));
        assert_eq!(reports.next(), None);
        reports.waiting = Some(report(3));
        reports.stored(1);
        assert_eq!(reports.next(), Some(FromAgent::Report { seq: 2, report: report(3) }));
    }

    #[test]
    fn nothing_is_reported_before_the_welcome() {
        let mut reports = Reports { waiting: Some(Report::default()), ..Reports::default() };
        assert_eq!(reports.next(), None);
    }
}
