//! `POST /api/v1/workspaces/{workspace}/sites/{site}/rollback`
//!
//! Make a version live that is there already, earlier or a preview: one pointer is switched. Files of the version that was
//! live whose names change with their content stay reachable ([`super::carry`]).

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
        BeingDeleted = 503 "being_deleted", "what would be carried of the live version is being deleted at this moment",
            hint "try again in a few seconds";
        Busy = 503 "site_busy", "other versions of this site are going live at this moment",
            hint "try again in a few seconds";
        NothingToRollBackTo = 422 "nothing_to_roll_back_to", "there is no version before the live one";
    }
}
