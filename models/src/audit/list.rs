//! `GET /api/v1/workspaces/{workspace}/audit`
//!
//! The writes in a workspace, newest first.

use super::AuditEntry;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List what was done in a workspace, newest first
    ListAudit: GET "/api/v1/workspaces/{workspace}/audit" {
        auth: Member(AuditView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<AuditEntry>>,
    }
}
