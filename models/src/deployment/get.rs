//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}`
//!
//! One deployment, with its status as of now.

use super::Deployment;
use crate::{
    declare_api_endpoint,
    endpoint::{body::Json, headers::Tagged},
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a deployment
    GetDeployment: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}" {
        auth: Member(DeploymentView),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        response_headers: Tagged,
        response: Json<Deployment>,
    }
}
