//! `DELETE /api/v1/workspaces/{workspace}/invitations/{invitation}`
//!
//! Revoke a link that has not been used.

use crate::{
    declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{InvitationId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Revoke an invitation
    RevokeInvitation: DELETE "/api/v1/workspaces/{workspace}/invitations/{invitation}" {
        auth: Member(MemberInvite),
        path: { workspace: Ref<WorkspaceId>, invitation: InvitationId },
        response: NoContent,
    }
}
