//! `GET /session/v1/metrics`
//!
//! Asked by `worker` of a RunnerSession: what the replicas of a deployment used.

use crate::{
    declare_api_endpoint, deployment::metrics::Series, endpoint::body::Json, ids::DeploymentId, time::Millis,
};

declare_api_endpoint! {
    /// What the replicas of a deployment used
    ReadMetrics: GET "/session/v1/metrics" {
        auth: Internal,
        path: {},
        query: Query,
        response: Json<Vec<Series>>,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Query {
    pub deployment: DeploymentId,
    pub since: Millis,
}
