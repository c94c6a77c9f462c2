//! `GET /api/v1/workspaces/{workspace}/audit/export`
//!
//! The whole chain of a workspace, oldest first, a line of JSON each, written as RFC 8785 says. [`super::verify`] checks it
//! without asking anybody.

use crate::{
    declare_api_endpoint,
    endpoint::body::Lines,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Export the whole audit log of a workspace, oldest first, a line of JSON each
    ExportAudit: GET "/api/v1/workspaces/{workspace}/audit/export" {
        auth: Member(AuditView),
        path: { workspace: Ref<WorkspaceId> },
        response: Lines,
    }
}
