//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/logs`
//!
//! What the replicas write: one JSON object a line ([`LogLine`]), streamed from the runners. Replicas that are gone are
//! remembered there within a bound. Values of secrets are replaced before a line leaves the runner.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Lines,
    ids::{DeploymentId, Ref, RunnerId, WorkspaceId},
    time::Millis,
};

declare_api_endpoint! {
    /// Read what the replicas write, as lines of JSON
    ReadLogs: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/logs" {
        auth: Member(DeploymentLogs),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Lines,
        errors: Error,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Go on with new lines until the caller leaves.
    #[serde(default)]
    pub follow: bool,
    /// How many of the last lines of each replica to begin with; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// Only lines from this one of its runners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Ref<RunnerId>>,
    /// Only lines of the replica whose id begins with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// Only lines that were written at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
    /// Only lines that contain this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
}

/// A line that a replica wrote.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct LogLine {
    pub at: Millis,
    /// The beginning of the container's id.
    pub replica: String,
    pub stream: LogStream,
    /// Without its line end; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    Stdout,
    Stderr,
}

api_errors! {
    pub enum Error {
        NotPlaced { runner: String } = 422 "not_placed", "runner: the deployment is not on a runner `{runner}`",
            hint "`patr deployment show` lists its runners";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected, and logs are read from there",
            hint "`patr runner show {runner}` says since when";
    }
}
