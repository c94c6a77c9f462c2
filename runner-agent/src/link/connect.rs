//! Opening a WebSocket, and what its end means.

use std::{fmt, time::Duration};

use http::{HeaderMap, StatusCode, header::AUTHORIZATION, header::RETRY_AFTER};
use patr_models::{error::ErrorBody, runner::connect::PublicKey, wire::close};
use tokio::{
    net::TcpStream,
    time::{self, Instant},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use crate::config::Config;

/// A WebSocket of ours.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a connection may take to open.
const OPENS_WITHIN: Duration = Duration::from_secs(15);
/// Longest time for which an edge may ask to be left alone.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// Why the agent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// SIGTERM or Ctrl-C.
    Asked,
    /// The installation does not know the token any more.
    TokenRefused,
    /// Another agent connected with the same token.
    Replaced,
    /// The installation speaks another version of the protocol.
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
    fn from_close(code: u16) -> Option<Self> {
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
#[derive(Debug)]
pub(crate) enum Ended {
    /// To be tried again, and not before a while if the edge has asked for that.
    Lost { why: String, not_before: Option<Duration> },
    /// For good.
    Stopped(Stopped),
}

impl Ended {
    pub(crate) fn lost(why: impl Into<String>) -> Self {
        Self::Lost { why: why.into(), not_before: None }
    }
}

impl From<tungstenite::Error> for Ended {
    fn from(error: tungstenite::Error) -> Self {
        match &error {
            tungstenite::Error::Http(response) => refused(response),
            _ => Self::lost(error.to_string()),
        }
    }
}

/// From an answer that is no upgrade.
fn refused(response: &http::Response<Option<Vec<u8>>>) -> Ended {
    let body = response.body().as_deref().unwrap_or_default();
    let said: Option<ErrorBody> = serde_json::from_slice(body).ok();
    match response.status() {
        StatusCode::UNAUTHORIZED => Ended::Stopped(Stopped::TokenRefused),
        // Firewalls in between answer 403 as well: it takes our own word to give up for good.
        StatusCode::FORBIDDEN if said.as_ref().is_some_and(|said| said.code == "wrong_kind_of_token") => {
            Ended::Stopped(Stopped::TokenRefused)
        }
        status => {
            let words = said.map(|said| format!(": {}", said.message)).unwrap_or_default();
            Ended::Lost {
                why: format!("the control plane answered {status}{words}"),
                not_before: retry_after(response.headers()),
            }
        }
    }
}

/// In seconds; as a date it is not read, for clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// What an agent's public key is sent in; declared by the endpoint of the session.
const KEY: &str = "patr-runner-key";

/// Opens a WebSocket as the runner whose token it is.
pub(crate) async fn connect(config: &Config, path: &str, key: Option<&PublicKey>) -> Result<Socket, Ended> {
    let mut request = format!("{}{path}", config.base).into_client_request()?;
    let value = format!("Bearer {}", config.token.reveal()).parse();
    let mut value: http::HeaderValue = value.map_err(|_| Ended::Stopped(Stopped::TokenRefused))?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    if let Some(key) = key.and_then(|key| key.as_str().parse().ok()) {
        request.headers_mut().insert(KEY, key);
    }
    // Frames of a tunnel have 1 MiB at most; a snapshot may be larger.
    let config = WebSocketConfig::default().max_message_size(Some(32 << 20)).max_frame_size(Some(32 << 20));
    let connecting = connect_async_with_config(request, Some(config), true);
    match time::timeout(OPENS_WITHIN, connecting).await {
        Ok(connected) => Ok(connected?.0),
        Err(_) => Err(Ended::lost(format!("no answer within {} seconds", OPENS_WITHIN.as_secs()))),
    }
}

/// What ends a connection, from a message that is no data.
pub(crate) fn ended(message: Option<Result<Message, tungstenite::Error>>) -> Ended {
    match message {
        Some(Ok(Message::Close(frame))) => {
            let code = frame.as_ref().map_or(1005, |frame| frame.code.into());
            let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
            Stopped::from_close(code)
                .map_or_else(|| Ended::lost(format!("closed ({code}) {reason}")), Ended::Stopped)
        }
        Some(Err(error)) => error.into(),
        Some(Ok(_)) | None => Ended::lost("the connection ended"),
    }
}

/// When to try again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backoff {
    /// Tries in a row that came to nothing.
    attempt: u32,
    opened: Option<Instant>,
}

/// The first bound of a pause, and the last.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// A connection that lasted so long was a good one. One that is dropped at once is not, however often it opens.
const GOOD: Duration = Duration::from_secs(30);

impl Backoff {
    pub(crate) fn opened(&mut self, now: Instant) {
        self.opened = Some(now);
    }

    /// How long to wait after a loss. Full jitter: anywhere between nothing and a bound that doubles, so that a
    /// thousand agents do not come back at once.
    pub(crate) fn lost(&mut self, not_before: Option<Duration>, now: Instant, random: f64) -> Duration {
        if self.opened.take().is_some_and(|opened| now >= opened + GOOD) {
            self.attempt = 0;
        }
        let bound = PAUSE.0.saturating_mul(1 << self.attempt.min(10)).min(PAUSE.1);
        self.attempt = self.attempt.saturating_add(1);
        not_before.unwrap_or_default() + bound.mul_f64(random).max(Duration::from_millis(50))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_are_never_nothing() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        let pauses: Vec<f64> = (0..8).map(|_| backoff.lost(None, now, 1.0).as_secs_f64()).collect();
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(backoff.lost(None, now, 0.0), Duration::from_millis(50));
    }

    #[test]
    fn only_a_connection_that_lasted_starts_the_pauses_over() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        for _ in 0..3 {
            backoff.opened(now);
            backoff.lost(None, now, 1.0);
        }
        backoff.opened(now);
        assert_eq!(backoff.lost(None, now, 1.0), Duration::from_secs(4), "dropped at once");
        backoff.opened(now);
        assert_eq!(backoff.lost(None, now + GOOD, 1.0), Duration::from_millis(500));
    }

    #[test]
    fn the_edge_may_ask_for_a_pause_and_everyone_comes_back_at_a_different_time() {
        let now = Instant::now();
        let pause = |random| Backoff::default().lost(Some(Duration::from_secs(7)), now, random).as_millis();
        assert_eq!((pause(0.5), pause(1.0)), (7250, 7500));
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

    fn answer(status: u16, retry: &str, body: &str) -> Ended {
        let answer = http::Response::builder().status(status).header(RETRY_AFTER, retry);
        refused(&answer.body(Some(body.as_bytes().to_vec())).unwrap())
    }

    #[test]
    fn a_refused_token_stops_the_agent_and_a_firewall_does_not() {
        assert!(matches!(answer(401, "", ""), Ended::Stopped(Stopped::TokenRefused)));
        let ours = r#"{"code":"wrong_kind_of_token","message":"this needs a runner's token"}"#;
        assert!(matches!(answer(403, "", ours), Ended::Stopped(Stopped::TokenRefused)));
        assert!(matches!(answer(403, "", "<html>blocked</html>"), Ended::Lost { .. }));
    }

    #[test]
    fn an_overloaded_edge_is_left_alone_for_as_long_as_it_asks_within_reason() {
        for (status, retry, wanted) in
            [(429, "7", Some(7)), (503, "99999", Some(600)), (503, "Fri, 31 Dec", None), (500, "", None)]
        {
            let Ended::Lost { not_before, why } = answer(status, retry, "") else { panic!("{status}") };
            assert_eq!(not_before, wanted.map(Duration::from_secs));
            assert!(why.contains(&status.to_string()), "{why}");
        }
    }
}
