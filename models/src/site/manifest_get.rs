//! `GET /api/v1/workspaces/{workspace}/sites/{site}/versions/{version}/manifest`
//!
//! The manifest of a version, from which a client finds what it need not upload again.

use super::VersionNumber;
use crate::{
    declare_api_endpoint,
    endpoint::body::Octets,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// The manifest of a version
    GetManifest: GET "/api/v1/workspaces/{workspace}/sites/{site}/versions/{version}/manifest" {
        auth: Member(SiteView),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId>, version: VersionNumber },
        response: Octets,
    }
}
