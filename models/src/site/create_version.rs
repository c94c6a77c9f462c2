//! `POST /api/v1/workspaces/{workspace}/sites/{site}/versions`
//!
//! Make a version of a manifest ([`super::manifest`]), and make it live in the same step. Every
//! pack that it names must be stored. The same manifest as the live version's makes no new version.

use super::{PackHash, SiteVersion};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, Octets},
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Make a version of a manifest and make it live
    CreateVersion: POST "/api/v1/workspaces/{workspace}/sites/{site}/versions" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        request: Octets,
        response: Json<SiteVersion>,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        ManifestInvalid { problem: String } = 422 "manifest_invalid", "manifest: {problem}";
        PackMissing { pack: PackHash } = 422 "pack_missing", "manifest: the pack {pack} is not stored",
            hint "upload it, then make the version";
    }
}
