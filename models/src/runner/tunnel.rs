//! `GET /api/v1/runner/tunnel/{lane}`
//!
//! One lane of the agent's data connection: a WebSocket of binary frames (`patr-tunnel`).

use crate::{api_errors, declare_api_endpoint, endpoint::body::Upgraded};

declare_api_endpoint! {
    /// Open a tunnel lane of the runner whose token it is (WebSocket)
    ConnectTunnel: GET "/api/v1/runner/tunnel/{lane}" {
        auth: Runner,
        path: { lane: u8 },
        response: Upgraded,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        NoSuchLane { lanes: u8 } = 422 "no_such_lane", "lane: there are only {lanes}, counted from 0";
    }
}
