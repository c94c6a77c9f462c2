//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/connect`
//!
//! One TCP connection to a port of a replica, over a WebSocket.
//!
//! | message, both ways | means |
//! |---|---|
//! | binary | bytes of the connection |
//! | text, [`END`] | no more bytes follow in this direction (TCP's FIN) |
//! | text, [`took`] | bytes of the other direction were handed on |
//! | close | both directions are over: 1000 when both had ended |
//!
//! A WebSocket has no back-pressure, so neither side has more than [`WINDOW`] bytes on the way that were not taken.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Upgraded,
    ids::{DeploymentId, Ref, RunnerId, WorkspaceId},
};

declare_api_endpoint! {
    /// Connect to a port of a replica (WebSocket)
    ConnectToDeployment: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/connect" {
        auth: Member(DeploymentConnect),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Upgraded,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// A TCP port that something in the replica listens on, declared or not.
    pub port: u16,
    /// Only a replica on this one of its runners; when absent, on the first that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Ref<RunnerId>>,
    /// The beginning of a replica's id; any one that serves when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
}

/// No more bytes follow in this direction.
pub const END: &str = "end";

/// Bytes that each side may have on the way: whoever reads slowly holds up whoever writes, and nobody's memory.
pub const WINDOW: usize = 1024 * 1024;

const TOOK: &str = "took ";

/// The text that says that `bytes` of the other direction were handed on.
pub fn took(bytes: usize) -> String {
    format!("{TOOK}{bytes}")
}

/// How many bytes a text says were handed on; `None` for another text.
pub fn taken(text: &str) -> Option<usize> {
    text.strip_prefix(TOOK)?.parse().ok().filter(|&bytes| bytes <= WINDOW)
}

api_errors! {
    pub enum Error {
        NotUpgraded = 422 "not_upgraded", "this is a WebSocket: send `Upgrade: websocket`",
            hint "`patr port-forward NAME PORT` does";
        NoReplica = 409 "no_replica", "no such replica runs",
            hint "`patr deployment show` lists those that do";
        Refused { port: u16, reason: String } = 409 "connection_refused", "port {port}: {reason}",
            hint "the application has to listen there, and not on 127.0.0.1 only";
        NotPlaced { runner: String } = 422 "not_placed", "runner: the deployment is not on a runner `{runner}`",
            hint "`patr deployment show` lists its runners";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected",
            hint "`patr runner show {runner}` says since when";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_read_as_it_is_written_and_nothing_else_is() {
        assert_eq!(taken(&took(65_536)), Some(65_536));
        for other in [END, "took", "took -1", "took 99999999999"] {
            assert_eq!(taken(other), None, "{other}");
        }
    }
}
