//! `POST /api/v1/workspaces/{workspace}/sites/{site}/rollback`
//!
//! Make an earlier version live again: one pointer is switched.

use super::{Site, VersionNumber};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Make an earlier version live again
    RollBackSite: POST "/api/v1/workspaces/{workspace}/sites/{site}/rollback" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        request: Json<Body>,
        response: Json<Site>,
        errors: Error,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The one before the live one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
}

api_errors! {
    pub enum Error {
        NoSuchVersion { version: VersionNumber } = 422 "no_such_version", "version: there is no version {version}",
            hint "`patr site versions` lists them";
        NothingToRollBackTo = 422 "nothing_to_roll_back_to", "there is no version before the live one";
    }
}
