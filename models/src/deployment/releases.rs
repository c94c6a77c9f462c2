//! `GET /api/v1/workspaces/{workspace}/deployments/{deployment}/releases`
//!
//! The releases of a deployment, newest first, with how each ended.

use super::Release;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{DeploymentId, Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List the releases of a deployment, newest first
    ListReleases: GET "/api/v1/workspaces/{workspace}/deployments/{deployment}/releases" {
        auth: Member(DeploymentView),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        query: ListQuery,
        response: Json<Page<Release>>,
    }
}
