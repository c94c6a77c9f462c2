//! `GET /api/v1/workspaces/{workspace}/sites/{site}`
//!
//! One site.

use super::Site;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a site
    GetSite: GET "/api/v1/workspaces/{workspace}/sites/{site}" {
        auth: Member(SiteView),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        response: Json<Site>,
    }
}
