//! `DELETE /api/v1/workspaces/{workspace}/volumes/{volume}/snapshots/{snapshot}`
//!
//! Delete a snapshot.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, SnapshotId, VolumeId, WorkspaceId},
};

declare_api_endpoint! {
    /// Delete a snapshot of a volume
    DeleteSnapshot: DELETE "/api/v1/workspaces/{workspace}/volumes/{volume}/snapshots/{snapshot}" {
        auth: Member(VolumeDelete),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId>, snapshot: SnapshotId },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected",
            hint "`patr runner show {runner}` says since when";
        VolumeTrouble { problem: String } = 409 "volume_trouble", "its runner cannot do that: {problem}";
    }
}
