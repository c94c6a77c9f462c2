//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/metrics`
//!
//! What the replicas used: sampled on the runner, kept by its session in ever coarser steps.

use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{DeploymentId, Ref, WorkspaceId},
    time::Millis,
    wire::Usage,
};

declare_api_endpoint! {
    /// Read what the replicas of a deployment used
    GetMetrics: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/metrics" {
        auth: Member(DeploymentView),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Json<Metrics>,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// How far back, in seconds; 3600 when absent, a week at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_s: Option<u32>,
}

/// What the replicas used.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Metrics {
    /// Replicas that are gone are among them.
    pub replicas: Vec<Series>,
}

/// What one replica used, oldest first.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Series {
    /// The beginning of the container's id.
    pub replica: String,
    pub points: Vec<Point>,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Point {
    /// Its beginning.
    pub at: Millis,
    pub seconds: u32,
    /// Processor and memory on average, everything else in sum.
    pub usage: Usage,
    /// The most memory of any sample, in bytes.
    pub memory_peak_bytes: u64,
}
