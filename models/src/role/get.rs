//! `GET /api/v1/workspaces/{workspace}/roles/{role}`
//!
//! One role, built-in or not.

use super::Role;
use crate::{
    declare_api_endpoint,
    endpoint::{body::Json, headers::Tagged},
    ids::{Ref, RoleId, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a role
    GetRole: GET "/api/v1/workspaces/{workspace}/roles/{role}" {
        auth: Member(RoleView),
        path: { workspace: Ref<WorkspaceId>, role: Ref<RoleId> },
        response_headers: Tagged,
        response: Json<Role>,
    }
}
