//! `DELETE /api/v1/workspaces/{workspace}/volumes/{volume}`
//!
//! Delete a volume, all that is in it and its snapshots. No current release may mount it.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, VolumeId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Delete a volume and all that is in it
    DeleteVolume: DELETE "/api/v1/workspaces/{workspace}/volumes/{volume}" {
        auth: Member(VolumeDelete),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        VolumeInUse { deployment: Name } = 409 "volume_in_use", "the deployment `{deployment}` mounts it",
            hint "deploy `{deployment}` without it first, or delete it";
    }
}
