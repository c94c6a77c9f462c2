//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/requests`
//!
//! The access log: one JSON object a line ([`RequestLine`]) for each request that a replica was asked, streamed from the
//! runner, which remembers the newest of each deployment in memory. What ended before it reached the runner is not in it.
//! Targets are shown with their queries, as clients sent them.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Lines,
    ids::{DeploymentId, Ref, RunnerId, WorkspaceId},
    time::Millis,
};

declare_api_endpoint! {
    /// Read the access log, as lines of JSON
    ReadRequests: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/requests" {
        auth: Member(DeploymentLogs),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Lines,
        errors: Error,
    }
}

/// Requests that a runner remembers of each deployment.
pub const REMEMBERED: usize = 1000;

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Go on with new requests until the caller leaves.
    #[serde(default)]
    pub follow: bool,
    /// How many of the last requests to begin with; 100 when absent, 1000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// Only what was asked of this one of its runners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Ref<RunnerId>>,
}

/// A request that has ended.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct RequestLine {
    /// When it arrived.
    pub at: Millis,
    pub method: String,
    pub host: String,
    /// Path and query.
    pub target: String,
    /// 0 when the replica broke off before it answered, or the client left first.
    pub status: u16,
    /// Until the answer began, in milliseconds.
    pub first_byte_ms: u32,
    /// Until it had ended, in milliseconds. A WebSocket's is how long it was open.
    pub total_ms: u32,
    /// Of the answer's body.
    pub bytes: u64,
    /// The client's address.
    pub client: String,
    /// The beginning of the id of the container that was asked; empty when there was none.
    pub replica: String,
    /// As the client reads it in `patr-request-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How many requests before this one whoever follows was too slow for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

api_errors! {
    pub enum Error {
        NotPlaced { runner: String } = 422 "not_placed", "runner: the deployment is not on a runner `{runner}`",
            hint "`patr deployment show` lists its runners";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected, and requests are remembered there",
            hint "`patr runner show {runner}` says since when";
    }
}
