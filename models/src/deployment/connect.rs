//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/connect`
//!
//! One TCP connection to a port of a replica, over a WebSocket. Binary messages are its bytes, both ways; the text
//! [`END`] says that no more bytes follow in its direction (TCP's FIN). A close ends both directions.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Streamed,
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Connect to a port of a replica (WebSocket)
    ConnectToDeployment: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/connect" {
        auth: Member(DeploymentConnect),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Streamed,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// A TCP port that something in the replica listens on, declared or not.
    pub port: u16,
    /// The beginning of a replica's id; any one that serves when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
}

/// No more bytes follow in this direction.
pub const END: &str = "end";

api_errors! {
    pub enum Error {
        NotUpgraded = 422 "not_upgraded", "this is a WebSocket: send `Upgrade: websocket`",
            hint "`patr port-forward NAME PORT` does";
        NoReplica = 409 "no_replica", "no such replica runs",
            hint "`patr deployment show` lists those that do";
        Refused { port: u16, reason: String } = 409 "connection_refused", "port {port}: {reason}",
            hint "the application has to listen there, and not on 127.0.0.1 only";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected",
            hint "`patr runner show {runner}` says since when";
    }
}
