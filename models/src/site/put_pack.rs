//! `PUT /api/v1/workspaces/{workspace}/sites/{site}/packs/{pack}`
//!
//! Store a pack. Its name is the SHA-256 of its bytes, which is checked; storing one again changes nothing.

use super::PackHash;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{NoContent, Octets},
    ids::{Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Store a pack
    PutPack: PUT "/api/v1/workspaces/{workspace}/sites/{site}/packs/{pack}" {
        auth: Member(SiteDeploy),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId>, pack: PackHash },
        request: Octets,
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        HashMismatch { found: PackHash } = 422 "hash_mismatch", "the bytes have the hash {found}, not the one in the path",
            hint "the upload was damaged on the way; send it again";
        BeingDeleted { pack: PackHash } = 503 "being_deleted", "the same pack is being deleted at this moment",
            hint "send it again in a few seconds";
    }
}
