//! `GET /api/v1/workspaces/{workspace}/sites`
//!
//! The sites of a workspace.

use super::Site;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List sites
    ListSites: GET "/api/v1/workspaces/{workspace}/sites" {
        auth: Member(SiteView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Site>>,
    }
}
