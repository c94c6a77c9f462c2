//! `GET /api/v1/workspaces/{workspace}/sites/{site}/versions`
//!
//! The versions of a site, newest first.

use super::SiteVersion;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List the versions of a site, newest first
    ListVersions: GET "/api/v1/workspaces/{workspace}/sites/{site}/versions" {
        auth: Member(SiteView),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        query: ListQuery,
        response: Json<Page<SiteVersion>>,
    }
}
