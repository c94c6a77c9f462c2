//! `GET /api/v1/workspaces/{workspace}/roles`
//!
//! The roles that members of a workspace can have: the built-in ones first.

use super::Role;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List roles
    ListRoles: GET "/api/v1/workspaces/{workspace}/roles" {
        auth: Member(RoleView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Role>>,
    }
}
