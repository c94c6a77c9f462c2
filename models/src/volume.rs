//! Persistent storage on a runner, with an identity of its own.

use crate::{
    ids::{RunnerId, SnapshotId, VolumeId},
    name::Name,
    time::Millis,
};

pub mod archive;
pub mod copy;
pub mod create;
pub mod create_snapshot;
pub mod delete;
pub mod delete_snapshot;
pub mod get;
pub mod list;
pub mod list_snapshots;
pub mod restore;

/// Persistent storage on a runner.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Volume {
    pub id: VolumeId,
    pub name: Name,
    pub runner: RunnerId,
    pub runner_name: Name,
    /// Whether several replicas may write to it at once. One writer at a time when not, so that a new release of its
    /// deployment starts only when the old one has stopped.
    pub shared: bool,
    pub state: VolumeState,
    /// How much is in it, in bytes, when its runner last measured that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Deployments whose current release mounts it.
    pub used_by: Vec<Name>,
    pub created_at: Millis,
}

/// Whether a volume is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum VolumeState {
    /// Its runner has not made it yet.
    Waiting,
    Ready,
    /// Its runner had it and has it no more. An empty one is not made in its place.
    Missing,
    /// Its runner is away.
    Unknown {
        since: Millis,
    },
}

/// A copy of a volume at one moment, on the same runner.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct VolumeSnapshot {
    pub id: SnapshotId,
    /// In bytes.
    pub bytes: u64,
    pub created_at: Millis,
}
