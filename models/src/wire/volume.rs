//! Volumes: what should be there, what is, and the work on them.

use crate::{
    ids::{SnapshotId, VolumeId, WorkspaceId},
    name::Name,
};

/// A volume as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct DesiredVolume {
    pub id: VolumeId,
    pub workspace: WorkspaceId,
    pub name: Name,
    /// Whether it was there once: then a runner without it has lost it, and must not make an empty one.
    pub made: bool,
}

/// A volume as its runner sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ObservedVolume {
    pub id: VolumeId,
    /// How much is in it, measured now and then, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What to do with a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum VolumeWork {
    /// Answer all that is in it, or in a snapshot of it, as a tar archive.
    Read { volume: VolumeId, snapshot: Option<SnapshotId> },
    /// Fill it, which must be empty, from the tar archive that follows.
    Fill { volume: VolumeId },
    /// Copy it, on the runner; answers [`SnapshotMade`] as JSON. Its replicas are paused meanwhile.
    Snapshot { volume: VolumeId, snapshot: SnapshotId },
    /// Put back what it was. Nothing may use it.
    Restore { volume: VolumeId, snapshot: SnapshotId },
    /// Remove a snapshot. One that is gone already is success.
    Forget { snapshot: SnapshotId },
}

/// A snapshot was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SnapshotMade {
    pub bytes: u64,
}
