//! `POST /api/v1/workspaces/{workspace}/sites/{site}/stop`
//!
//! Let it answer 503; versions and URLs stay.

use super::Site;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Let a site answer 503 and keep its versions
    StopSite: POST "/api/v1/workspaces/{workspace}/sites/{site}/stop" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        response: Json<Site>,
    }
}
