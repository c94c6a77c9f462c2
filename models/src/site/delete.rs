//! `DELETE /api/v1/workspaces/{workspace}/sites/{site}`
//!
//! Delete a site, its versions and its automatic URL.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Delete a site
    DeleteSite: DELETE "/api/v1/workspaces/{workspace}/sites/{site}" {
        auth: Member(SiteDelete),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        HasUrls { url: String } = 409 "site_has_urls", "the managed URL `{url}` leads to it",
            hint "remove it first: `patr url remove {url}`";
    }
}
