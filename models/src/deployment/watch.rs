//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/watch`
//!
//! A long poll: answers when the runner has said something newer than `after`, or after 20 seconds.

use super::Deployment;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Wait for news of a deployment
    WatchDeployment: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/watch" {
        auth: Member(DeploymentView),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: Query,
        response: Json<News>,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// `version` of the answer before; absent for an answer at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// A deployment, and how new the news of it is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct News {
    /// Grows with each word from the runner.
    pub version: u64,
    pub deployment: Deployment,
}
