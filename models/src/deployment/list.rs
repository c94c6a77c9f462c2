//! `GET /api/v1/workspaces/{workspace}/deployments`
//!
//! The deployments of a workspace, with their status as of now.

use super::Deployment;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List deployments
    ListDeployments: GET "/api/v1/workspaces/{workspace}/deployments" {
        auth: Member(DeploymentView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Deployment>>,
    }
}
