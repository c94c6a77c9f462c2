//! `GET /api/v1/runner/session`
//!
//! The agent's session: a WebSocket of JSON text, whose messages are in [`crate::wire`].

use crate::{declare_api_endpoint, endpoint::body::Streamed};

declare_api_endpoint! {
    /// Open the session of the runner whose token it is (WebSocket)
    ConnectRunner: GET "/api/v1/runner/session" {
        auth: Runner,
        path: {},
        response: Streamed,
    }
}
