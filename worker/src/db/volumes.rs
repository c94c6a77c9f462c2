//! Volumes, their snapshots and tombstones, and which releases mount them.

use std::collections::BTreeSet;

use patr_models::{
    auth::Scope,
    deployment::{Power, ReleaseNumber},
    ids::{DeploymentId, Ref, RunnerId, SnapshotId, VolumeId, WorkspaceId},
    name::Name,
    page::ListQuery,
    time::Millis,
    volume::VolumeSnapshot,
    wire::DesiredVolume,
};

use super::{Json, Statement, Text, after, before, filter, in_scope, page_size, scope, unless_there};

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: VolumeId,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) name: Name,
    pub(crate) runner_id: RunnerId,
    pub(crate) runner_name: Name,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) shared: bool,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) made: bool,
    /// What is to be in it is still on its way.
    #[serde(deserialize_with = "super::truth")]
    pub(crate) copying: bool,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
}

impl From<Row> for DesiredVolume {
    fn from(row: Row) -> Self {
        Self { id: row.id, workspace: row.workspace_id, name: row.name, made: row.made }
    }
}

macro_rules! select {
    ($($rest:tt)+) => {
        concat!(
            "SELECT v.*, u.name AS runner_name FROM volumes v JOIN runners u ON u.id = v.runner_id ",
            $($rest)+
        )
    };
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<VolumeId>) -> Statement {
    Statement::new(
        select!("WHERE v.workspace_id = ?1 AND (v.id = ?2 OR v.name = ?2)"),
        &[&Text(workspace), &Text(reference)],
    )
}

pub(crate) fn list(workspace: WorkspaceId, seen: &Scope, query: &ListQuery) -> Statement {
    let (ids, only) = scope(seen);
    Statement::new(
        select!(
            "WHERE v.workspace_id = ?1 AND v.id > ?2 AND instr(v.name, ?3)",
            in_scope!("v.id"),
            "ORDER BY v.id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &ids, &only],
    )
}

pub(crate) fn on_runner(runner: RunnerId) -> Statement {
    Statement::new(select!("WHERE v.runner_id = ?1 ORDER BY v.id"), &[&Text(runner)])
}

/// Those of these names that are there.
pub(crate) fn named(workspace: WorkspaceId, names: &BTreeSet<&Name>) -> Statement {
    Statement::new(
        "SELECT v.*, u.name AS runner_name FROM json_each(?2) j
         JOIN volumes v ON v.workspace_id = ?1 AND v.name = j.value JOIN runners u ON u.id = v.runner_id",
        &[&Text(workspace), &Json(names)],
    )
}

/// A volume to be made.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) id: VolumeId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) runner: RunnerId,
    pub(crate) name: Name,
    pub(crate) shared: bool,
    pub(crate) copying: bool,
    pub(crate) now: Millis,
}

pub(crate) fn insert(new: &New) -> Statement {
    Statement::new(
        "INSERT INTO volumes (id, workspace_id, runner_id, name, shared, copying, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            &Text(new.id),
            &Text(new.workspace),
            &Text(new.runner),
            &new.name.as_str(),
            &new.shared,
            &new.copying,
            &new.now,
        ],
    )
}

/// All that was to be in it is.
pub(crate) fn copied(id: VolumeId) -> Vec<Statement> {
    vec![
        Statement::new(unless_there!("volumes"), &[&Text(id)]),
        Statement::new("UPDATE volumes SET copying = 0 WHERE id = ?1", &[&Text(id)]),
    ]
}

/// A deployment whose current release mounts a volume.
#[derive(serde::Deserialize)]
pub(crate) struct UseRow {
    pub(crate) volume_id: VolumeId,
    pub(crate) deployment: Name,
    pub(crate) power: Power,
}

pub(crate) fn uses(volumes: &[VolumeId]) -> Statement {
    Statement::new(
        "SELECT u.volume_id, d.name AS deployment, d.power FROM json_each(?1) j
         JOIN release_volumes u ON u.volume_id = j.value
         JOIN deployments d ON d.id = u.deployment_id AND d.release = u.number",
        &[&Json(volumes)],
    )
}

/// Deletes a volume and leaves the proof of it for its runner. Fails as a whole if it is not there, or if a current
/// release mounts it.
pub(crate) fn delete(id: VolumeId, runner: RunnerId) -> Vec<Statement> {
    vec![
        Statement::new(unless_there!("volumes"), &[&Text(id)]),
        Statement::new(
            "INSERT INTO volumes (id) SELECT NULL WHERE EXISTS
                 (SELECT 1 FROM release_volumes u JOIN deployments d ON d.id = u.deployment_id AND d.release = u.number
                  WHERE u.volume_id = ?1)",
            &[&Text(id)],
        ),
        Statement::new(
            "INSERT INTO volume_tombstones (volume_id, runner_id) VALUES (?1, ?2)",
            &[&Text(id), &Text(runner)],
        ),
        Statement::new("DELETE FROM volumes WHERE id = ?1", &[&Text(id)]),
    ]
}

#[derive(serde::Deserialize)]
pub(crate) struct Id {
    pub(crate) id: VolumeId,
}

pub(crate) fn tombstones(runner: RunnerId) -> Statement {
    Statement::new("SELECT volume_id AS id FROM volume_tombstones WHERE runner_id = ?1", &[&Text(runner)])
}

/// What a release mounts.
pub(crate) fn mount(
    deployment: DeploymentId,
    number: ReleaseNumber,
    volumes: &BTreeSet<VolumeId>,
) -> Statement {
    Statement::new(
        "INSERT INTO release_volumes (deployment_id, number, volume_id) SELECT ?1, ?2, value FROM json_each(?3)",
        &[&Text(deployment), &number, &Json(volumes)],
    )
}

/// Fails the batch unless every volume that a release mounts is there; see [`unless_there`].
pub(crate) fn all_there(deployment: DeploymentId, number: ReleaseNumber) -> Statement {
    Statement::new(
        "INSERT INTO release_volumes (deployment_id) SELECT NULL WHERE EXISTS
             (SELECT 1 FROM release_volumes u WHERE u.deployment_id = ?1 AND u.number = ?2
              AND NOT EXISTS (SELECT 1 FROM volumes v WHERE v.id = u.volume_id))",
        &[&Text(deployment), &number],
    )
}

/// Which of these volumes a runner was not known to have.
pub(crate) fn unmade(runner: RunnerId, volumes: &[VolumeId]) -> Statement {
    Statement::new(
        "SELECT v.id FROM json_each(?2) j JOIN volumes v ON v.id = j.value WHERE v.runner_id = ?1 AND v.made = 0",
        &[&Text(runner), &Json(volumes)],
    )
}

/// A runner has these: from now on their absence is an error.
pub(crate) fn made(runner: RunnerId, volumes: &[VolumeId]) -> Statement {
    Statement::new(
        "UPDATE volumes SET made = 1 WHERE runner_id = ?1 AND id IN (SELECT value FROM json_each(?2))",
        &[&Text(runner), &Json(volumes)],
    )
}

/// A runner has removed these.
pub(crate) fn gone(runner: RunnerId, volumes: &[VolumeId]) -> Statement {
    Statement::new(
        "DELETE FROM volume_tombstones WHERE runner_id = ?1 AND volume_id IN (SELECT value FROM json_each(?2))",
        &[&Text(runner), &Json(volumes)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct SnapshotRow {
    pub(crate) id: SnapshotId,
    bytes: u64,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl From<SnapshotRow> for VolumeSnapshot {
    fn from(row: SnapshotRow) -> Self {
        Self { id: row.id, bytes: row.bytes, created_at: row.created_at }
    }
}

pub(crate) fn snapshot_insert(volume: VolumeId, snapshot: &VolumeSnapshot) -> Statement {
    Statement::new(
        "INSERT INTO volume_snapshots (id, volume_id, bytes, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[&Text(snapshot.id), &Text(volume), &snapshot.bytes, &snapshot.created_at],
    )
}

pub(crate) fn snapshot(volume: VolumeId, id: SnapshotId) -> Statement {
    Statement::new(
        "SELECT * FROM volume_snapshots WHERE id = ?2 AND volume_id = ?1",
        &[&Text(volume), &Text(id)],
    )
}

/// Newest first.
pub(crate) fn snapshots(volume: VolumeId, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT * FROM volume_snapshots WHERE volume_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        &[&Text(volume), &before(query), &page_size(query)],
    )
}

pub(crate) fn snapshot_delete(id: SnapshotId) -> Vec<Statement> {
    vec![
        Statement::new(unless_there!("volume_snapshots"), &[&Text(id)]),
        Statement::new("DELETE FROM volume_snapshots WHERE id = ?1", &[&Text(id)]),
    ]
}
