//! `POST /api/v1/workspaces/{workspace}/sites/{site}/versions`
//!
//! Make a version of a manifest ([`super::manifest`]), and make it live in the same step, or give it an address of its
//! own. Every pack that it names must be stored. The same manifest as the live version's makes no new version.

use super::{PackHash, SiteVersion};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, Octets},
    ids::{Ref, SiteId, WorkspaceId},
    limits::MANIFEST_MAX,
};

declare_api_endpoint! {
    /// Make a version of a manifest, live or to be looked at
    CreateVersion: POST "/api/v1/workspaces/{workspace}/sites/{site}/versions" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        query: Query,
        request: Octets<MANIFEST_MAX>,
        response: Json<SiteVersion>,
        errors: Error,
    }
}

/// How long a preview lasts, in days.
pub const PREVIEW_DAYS: u16 = 7;
/// The longest that a preview can last, in days.
pub const PREVIEW_DAYS_MAX: u16 = 90;

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// Leave the live version as it is, and give this one an address of its own.
    pub preview: bool,
    /// How long that lasts; 7 days if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_days: Option<u16>,
}

api_errors! {
    pub enum Error {
        ManifestInvalid { problem: String } = 422 "manifest_invalid", "manifest: {problem}";
        PackMissing { pack: PackHash } = 422 "pack_missing", "manifest: the pack {pack} is not stored",
            hint "upload it, then make the version";
        BeingDeleted = 503 "being_deleted", "the same manifest is being deleted at this moment",
            hint "try again in a few seconds";
        Busy = 503 "site_busy", "other versions of this site are going live at this moment",
            hint "try again in a few seconds";
        PreviewDays { max: u16 } = 422 "preview_days_invalid", "preview_days: a preview lasts 1 to {max} days",
            hint "only a preview takes `preview_days`";
    }
}
