//! `DELETE /api/v1/workspaces/{workspace}`
//!
//! Delete an empty workspace. What it holds must be deleted first, so that nothing goes by accident.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Delete an empty workspace
    DeleteWorkspace: DELETE "/api/v1/workspaces/{workspace}" {
        auth: Member(WorkspaceDelete),
        path: { workspace: Ref<WorkspaceId> },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        NotEmpty { holds: String } = 409 "workspace_not_empty", "the workspace still has {holds}",
            hint "delete these first";
    }
}
