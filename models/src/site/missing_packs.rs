//! `POST /api/v1/workspaces/{workspace}/sites/{site}/missing-packs`
//!
//! Which of these packs are not stored yet; so an upload that was cut off goes on where it ended.

use super::PackHash;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Say which packs are not stored yet
    MissingPacks: POST "/api/v1/workspaces/{workspace}/sites/{site}/missing-packs" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        request: Json<Packs>,
        response: Json<Packs>,
        errors: Error,
    }
}

/// Most packs in one question; more are asked about in turns.
pub const PACKS_MAX: usize = 1000;

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Packs {
    pub packs: Vec<PackHash>,
}

api_errors! {
    pub enum Error {
        TooMany { max: usize } = 422 "too_many_packs", "packs: ask about at most {max} at once";
    }
}
