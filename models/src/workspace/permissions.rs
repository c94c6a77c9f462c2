//! `GET /api/v1/workspaces/{workspace}/permissions`
//!
//! What the caller may do in a workspace: what its roles allow, less what the token leaves out.

use crate::{
    auth::Grant,
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    role::HeldRole,
};

declare_api_endpoint! {
    /// What you may do in a workspace
    GetPermissions: GET "/api/v1/workspaces/{workspace}/permissions" {
        auth: User,
        path: { workspace: Ref<WorkspaceId> },
        response: Json<Permissions>,
    }
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Permissions {
    pub roles: Vec<HeldRole>,
    pub grants: Vec<Grant>,
}
