//! `POST /api/v1/workspaces/{workspace}/deployments/{deployment}/start`
//!
//! Let it run. Nothing happens if it does.

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
    /// Start a stopped deployment
    StartDeployment: POST "/api/v1/workspaces/{workspace}/deployments/{deployment}/start" {
        auth: Member(DeploymentEdit),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        response_headers: Tagged,
        response: Json<Deployment>,
    }
}
