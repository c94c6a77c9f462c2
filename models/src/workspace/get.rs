//! `GET /api/v1/workspaces/{workspace}`
//!
//! One workspace.

use super::Workspace;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a workspace
    GetWorkspace: GET "/api/v1/workspaces/{workspace}" {
        auth: Member(WorkspaceView),
        path: { workspace: Ref<WorkspaceId> },
        response: Json<Workspace>,
    }
}
