//! `PUT /api/v1/workspaces/{workspace}/sites/{site}/access`
//!
//! Say who may see a site: its live version and its previews. Whoever was let in before has to ask again, even if it is
//! the same password.

use super::Site;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
    name::Password,
};

declare_api_endpoint! {
    /// Say who may see a site
    SetSiteAccess: PUT "/api/v1/workspaces/{workspace}/sites/{site}/access" {
        auth: Member(SiteEdit),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        request: Json<Body>,
        response: Json<Site>,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// Everybody.
    Public {},
    /// Who knows this password.
    Password { password: Password },
    /// Members of the workspace.
    Members {},
}
