//! `POST /api/v1/workspaces/{workspace}/volumes/{volume}/snapshots`
//!
//! Copy a volume as it is now, on its runner. Replicas that use it are paused while it is copied, so that the snapshot is
//! of one moment; requests to them wait.

use super::VolumeSnapshot;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{body::Created, headers::Once},
    ids::{Ref, VolumeId, WorkspaceId},
};

declare_api_endpoint! {
    /// Make a snapshot of a volume
    CreateSnapshot: POST "/api/v1/workspaces/{workspace}/volumes/{volume}/snapshots" {
        auth: Member(VolumeEdit),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        request_headers: Once,
        response: Created<VolumeSnapshot>,
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
