//! `POST /api/v1/workspaces/{workspace}/volumes/{volume}/copy`
//!
//! Make a volume with the same contents, on the same runner or another: they go through the tunnels of both.

use super::Volume;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{Ref, RunnerId, SnapshotId, VolumeId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Copy a volume
    CopyVolume: POST "/api/v1/workspaces/{workspace}/volumes/{volume}/copy" {
        auth: Member(VolumeCreate),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        request_headers: Once,
        request: Json<Body>,
        response: Created<Volume>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Of the new volume.
    pub name: Name,
    /// Where it is to be; the same runner when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Ref<RunnerId>>,
    /// What it was then, instead of what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a volume named `{name}` already exists in this workspace";
        RunnerNotFound { runner: String } = 422 "runner_not_found", "runner: there is no runner `{runner}` in this workspace",
            hint "`patr runner list` shows the runners; `patr runner add` adds one";
        NoSuchSnapshot { snapshot: SnapshotId } = 422 "no_such_snapshot", "snapshot: there is no {snapshot} of this volume";
        RunnerAway { runner: String } = 409 "runner_away", "the runner `{runner}` is not connected",
            hint "`patr runner show {runner}` says since when";
        VolumeTrouble { problem: String } = 409 "volume_trouble", "a runner cannot do that: {problem}";
    }
}
