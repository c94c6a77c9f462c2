//! `GET /session/v1/observe`
//!
//! Asked by `worker` of a RunnerSession: connection and last report. With `after`, a long poll that answers when
//! there is a newer version, or after 20 seconds.

use crate::{declare_api_endpoint, endpoint::body::Json, runner::Connection, time::Millis, wire::Report};

declare_api_endpoint! {
    /// Connection and last report of a runner
    Observe: GET "/session/v1/observe" {
        auth: Internal,
        path: {},
        query: Query,
        response: Json<Observed>,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Query {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// What a session knows of its runner.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Observed {
    /// Grows with each change of the rest.
    pub version: u64,
    pub connection: Connection,
    /// When the report arrived, by the edge's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}
