//! `DELETE /api/v1/workspaces/{workspace}/deployments/{deployment}`
//!
//! Delete a deployment, its releases and its automatic URL. Its runner removes the replicas when it hears,
//! because of a tombstone: absence alone never deletes.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{body::NoContent, headers::IfMatch},
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Delete a deployment
    DeleteDeployment: DELETE "/api/v1/workspaces/{workspace}/deployments/{deployment}" {
        auth: Member(DeploymentDelete),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        HasUrls { url: String } = 409 "deployment_has_urls", "the managed URL `{url}` leads to it",
            hint "remove it first: `patr url remove {url}`";
    }
}
