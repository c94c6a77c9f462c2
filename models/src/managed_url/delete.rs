//! `DELETE /api/v1/workspaces/{workspace}/urls/{url}`
//!
//! Remove a managed URL. What it led to stays.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{body::NoContent, headers::IfMatch},
    ids::{ManagedUrlId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Remove a managed URL
    DeleteUrl: DELETE "/api/v1/workspaces/{workspace}/urls/{url}" {
        auth: Member(UrlDelete),
        path: { workspace: Ref<WorkspaceId>, url: ManagedUrlId },
        request_headers: IfMatch,
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        Automatic { url: String } = 409 "url_is_automatic", "`{url}` was made with its deployment or site and goes with it";
    }
}
