//! `POST /api/v1/workspaces/{workspace}/deployments/{deployment}/restart`
//!
//! Replace its replicas by new ones of the same release: new ones start before old ones stop.

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
    /// Replace every replica by a new one, without a gap
    RestartDeployment: POST "/api/v1/workspaces/{workspace}/deployments/{deployment}/restart" {
        auth: Member(DeploymentEdit),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        response_headers: Tagged,
        response: Json<Deployment>,
    }
}
