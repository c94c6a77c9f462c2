//! `POST /api/v1/workspaces/{workspace}/volumes/{volume}/restore`
//!
//! Put back what a volume was when a snapshot was made. No running deployment may use it.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, NoContent},
    ids::{Ref, SnapshotId, VolumeId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Put back what a volume was
    RestoreVolume: POST "/api/v1/workspaces/{workspace}/volumes/{volume}/restore" {
        auth: Member(VolumeEdit),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        request: Json<Body>,
        response: NoContent,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub snapshot: SnapshotId,
}

api_errors! {
    pub enum Error {
        NoSuchSnapshot { snapshot: SnapshotId } = 422 "no_such_snapshot", "snapshot: there is no {snapshot} of this volume";
        VolumeInUse { deployment: Name } = 409 "volume_in_use", "the deployment `{deployment}` runs with it",
            hint "stop it first: `patr deployment stop {deployment}`";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected",
            hint "`patr runner show {runner}` says since when";
        VolumeTrouble { problem: String } = 409 "volume_trouble", "its runner cannot do that: {problem}";
    }
}
