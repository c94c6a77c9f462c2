//! `GET /api/v1/workspaces/{workspace}/volumes/{volume}/archive`
//!
//! All that is in a volume, or in a snapshot of it, as a tar archive (POSIX.1-2001, pax), streamed from its runner.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Streamed,
    ids::{Ref, SnapshotId, VolumeId, WorkspaceId},
};

declare_api_endpoint! {
    /// Download what is in a volume, as a tar archive
    ReadVolume: GET "/api/v1/workspaces/{workspace}/volumes/{volume}/archive" {
        auth: Member(VolumeRead),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        query: Query,
        response: Streamed,
        errors: Error,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// What it was then, instead of what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
}

api_errors! {
    pub enum Error {
        NoSuchSnapshot { snapshot: SnapshotId } = 422 "no_such_snapshot", "snapshot: there is no {snapshot} of this volume";
        RunnerAway { runner: String } = 409 "runner_away", "its runner `{runner}` is not connected",
            hint "`patr runner show {runner}` says since when";
        VolumeTrouble { problem: String } = 409 "volume_trouble", "its runner cannot do that: {problem}";
    }
}
