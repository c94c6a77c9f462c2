//! `GET /api/v1/workspaces/{workspace}/members`
//!
//! The people in a workspace. `name` filters by address.

use super::Member;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List members
    ListMembers: GET "/api/v1/workspaces/{workspace}/members" {
        auth: Member(MemberView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Member>>,
    }
}
