//! `GET /api/v1/workspaces/{workspace}/invitations`
//!
//! Links that have neither been used nor expired, without the links themselves. `name` filters by the address that they are for.

use super::Invitation;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List invitations that have not been used
    ListInvitations: GET "/api/v1/workspaces/{workspace}/invitations" {
        auth: Member(MemberView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Invitation>>,
    }
}
