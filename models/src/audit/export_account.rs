//! `GET /api/v1/audit/export`
//!
//! As [`super::export`], of the caller's account.

use crate::{declare_api_endpoint, endpoint::body::Lines};

declare_api_endpoint! {
    /// Export the whole audit log of your account, oldest first, a line of JSON each
    ExportAccountAudit: GET "/api/v1/audit/export" {
        auth: User,
        path: {},
        response: Lines,
    }
}
