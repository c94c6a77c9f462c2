//! `GET /api/v1/audit`
//!
//! What was done with the caller's account outside of workspaces, such as logins, those that failed, and tokens.

use super::{AuditEntry, list::Query};
use crate::{declare_api_endpoint, endpoint::body::Json, page::Page};

declare_api_endpoint! {
    /// List what was done with your account outside of workspaces, newest first
    ListAccountAudit: GET "/api/v1/audit" {
        auth: User,
        path: {},
        query: Query,
        response: Json<Page<AuditEntry>>,
    }
}
