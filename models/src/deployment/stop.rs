//! `POST /api/v1/workspaces/{workspace}/deployments/{deployment}/stop`
//!
//! Stop its replicas; configuration and releases stay. Nothing happens if it is stopped.

use super::Deployment;
use crate::{
    declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Stop a deployment and keep its configuration
    StopDeployment: POST "/api/v1/workspaces/{workspace}/deployments/{deployment}/stop" {
        auth: Member(DeploymentEdit),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        response_headers: Tagged,
        response: Json<Deployment>,
    }
}
