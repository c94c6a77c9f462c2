//! A WebSocket, opened by the same client as every other call: the same trust, the same errors.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header};
use patr_models::{
    endpoint::{ApiEndpoint, Call},
    wire::{PING_EVERY_S, SILENCE_S},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

use super::{ANSWER, CallError, Client};

/// A connection on which nothing is said is dropped on the way.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(PING_EVERY_S);
/// Pings are answered: after so long without a word there is nobody.
pub(crate) const SILENCE: Duration = Duration::from_secs(SILENCE_S);

/// See the module.
pub(crate) type Socket = WebSocketStream<reqwest::Upgraded>;

impl Client {
    /// Performs a call that is answered by a WebSocket (RFC 6455, 4.1).
    pub(crate) async fn socket<E: ApiEndpoint>(&self, call: Call<E>) -> Result<Socket, CallError> {
        let mut request = self.request(&call)?;
        let key =
            nonce().ok_or_else(|| CallError::Request("this machine gives no random numbers".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, key.clone());
        let request = request.try_into().map_err(|error| self.lost(&error))?;
        let url = || self.base.as_str().to_owned();
        let answer = tokio::time::timeout(ANSWER, self.http.execute(request)).await;
        let answer =
            answer.map_err(|_| CallError::TimedOut { url: url() })?.map_err(|error| self.lost(&error))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(self.failed(answer).await);
        }
        let accept = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT);
        if accept.is_none_or(|accept| accept.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(CallError::Unexpected {
                url: url(),
                status: answer.status(),
                problem: "not the WebSocket that was asked for".to_owned(),
                retry_after: None,
            });
        }
        let upgraded = answer.upgrade().await.map_err(|error| self.lost(&error))?;
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)
    }
}

/// 16 random bytes as base64.
fn nonce() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::from_str(&STANDARD.encode(bytes)).ok()
}
