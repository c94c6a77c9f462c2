//! `DELETE /api/v1/workspaces/{workspace}/roles/{role}`
//!
//! Delete a role that nobody has.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{body::NoContent, headers::IfMatch},
    ids::{Ref, RoleId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Delete a role that nobody has
    DeleteRole: DELETE "/api/v1/workspaces/{workspace}/roles/{role}" {
        auth: Member(RoleDelete),
        path: { workspace: Ref<WorkspaceId>, role: Ref<RoleId> },
        request_headers: IfMatch,
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        BuiltIn { name: Name } = 409 "role_is_built_in", "`{name}` is the same in every workspace and cannot be deleted";
        InUse { holder: String } = 409 "role_in_use", "{holder} still has the role",
            hint "give other roles first, with `patr member set-roles`, and revoke invitations and remove federations with it";
    }
}
