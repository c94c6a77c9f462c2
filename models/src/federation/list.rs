//! `GET /api/v1/workspaces/{workspace}/federations`
//!
//! Whose jobs a workspace trusts.

use super::Federation;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List whose jobs a workspace trusts
    ListFederations: GET "/api/v1/workspaces/{workspace}/federations" {
        auth: Member(MemberView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Federation>>,
    }
}
