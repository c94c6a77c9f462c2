//! `POST /api/v1/workspaces/{workspace}/sites/{site}/start`
//!
//! Let it answer again.

use super::Site;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Let a stopped site answer again
    StartSite: POST "/api/v1/workspaces/{workspace}/sites/{site}/start" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        response: Json<Site>,
    }
}
