//! `PATCH /api/v1/workspaces/{workspace}`
//!
//! Rename a workspace. Automatic hosts keep the name they were made with, so that nothing that is served
//! moves.

use super::Workspace;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    name::WorkspaceName,
};

declare_api_endpoint! {
    /// Rename a workspace
    RenameWorkspace: PATCH "/api/v1/workspaces/{workspace}" {
        auth: Member(WorkspaceEdit),
        path: { workspace: Ref<WorkspaceId> },
        request: Json<Body>,
        response: Json<Workspace>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: WorkspaceName,
}

api_errors! {
    pub enum Error {
        NameTaken { name: WorkspaceName } = 409 "name_taken", "a workspace named `{name}` already exists",
            hint "names of workspaces are unique in an installation; choose another";
    }
}
