//! Static sites, their versions and packs.

use patr_models::{
    ids::{Ref, SiteId, UserId, WorkspaceId},
    managed_url::Host,
    name::Name,
    page::ListQuery,
    site::{ManifestHash, PackHash, SiteVersion, VersionNumber},
    time::Millis,
};

use super::{Json, Statement, Text, after, filter, page_size};

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: SiteId,
    pub(crate) name: Name,
    pub(crate) live: Option<VersionNumber>,
    pub(crate) manifest: Option<ManifestHash>,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) running: bool,
    pub(crate) generation: u64,
    pub(crate) host: Host,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) updated_at: Millis,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.*, v.manifest, (SELECT host FROM managed_urls m WHERE m.site_id = s.id AND m.automatic = 1) AS host
             FROM sites s LEFT JOIN site_versions v ON v.site_id = s.id AND v.number = s.live ",
            $rest
        )
    };
}

pub(crate) fn insert(workspace: WorkspaceId, id: SiteId, name: &Name, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO sites (id, workspace_id, name, generation, created_at, updated_at) VALUES (?1, ?2, ?3, 1, ?4, ?4)",
        &[&Text(id), &Text(workspace), &name.as_str(), &now],
    )
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<SiteId>) -> Statement {
    Statement::new(
        select!("WHERE s.workspace_id = ?1 AND (s.id = ?2 OR s.name = ?2)"),
        &[&Text(workspace), &Text(reference)],
    )
}

pub(crate) fn list(workspace: WorkspaceId, query: &ListQuery) -> Statement {
    Statement::new(
        select!("WHERE s.workspace_id = ?1 AND s.id > ?2 AND instr(s.name, ?3) ORDER BY s.id LIMIT ?4"),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query)],
    )
}

pub(crate) fn set_running(id: SiteId, running: bool, now: Millis) -> Statement {
    Statement::new(
        "UPDATE sites SET running = ?2, generation = generation + 1, updated_at = ?3 WHERE id = ?1",
        &[&Text(id), &running, &now],
    )
}

pub(crate) fn set_live(id: SiteId, version: VersionNumber, now: Millis) -> Statement {
    Statement::new(
        "UPDATE sites SET live = ?2, generation = generation + 1, updated_at = ?3 WHERE id = ?1",
        &[&Text(id), &version, &now],
    )
}

pub(crate) fn delete(id: SiteId) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM managed_urls WHERE site_id = ?1 AND automatic = 1", &[&Text(id)]),
        Statement::new("DELETE FROM sites WHERE id = ?1", &[&Text(id)]),
    ]
}

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct VersionRow {
    pub(crate) number: VersionNumber,
    pub(crate) manifest: ManifestHash,
    files: u32,
    bytes: u64,
    created_by: UserId,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl VersionRow {
    pub(crate) fn with(self, live: Option<VersionNumber>) -> SiteVersion {
        SiteVersion {
            number: self.number,
            live: live == Some(self.number),
            manifest: self.manifest,
            files: self.files,
            bytes: self.bytes,
            preview: None,
            created_by: self.created_by,
            created_at: self.created_at,
        }
    }
}

/// A new version, numbered by the database so that two uploads at once both get one.
pub(crate) fn version_insert(
    site: SiteId,
    manifest: &ManifestHash,
    (files, bytes): (usize, u64),
    by: UserId,
    now: Millis,
) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO site_versions (site_id, number, manifest, files, bytes, created_by, created_at)
             VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM site_versions WHERE site_id = ?1),
                     ?2, ?3, ?4, ?5, ?6)",
            &[&Text(site), &Text(manifest), &files, &bytes, &Text(by), &now],
        ),
        Statement::new(
            "UPDATE sites SET live = (SELECT max(number) FROM site_versions WHERE site_id = ?1),
                              generation = generation + 1, updated_at = ?2 WHERE id = ?1",
            &[&Text(site), &now],
        ),
    ]
}

pub(crate) fn version(site: SiteId, number: VersionNumber) -> Statement {
    Statement::new("SELECT * FROM site_versions WHERE site_id = ?1 AND number = ?2", &[&Text(site), &number])
}

pub(crate) fn version_before(site: SiteId, number: VersionNumber) -> Statement {
    Statement::new(
        "SELECT * FROM site_versions WHERE site_id = ?1 AND number < ?2 ORDER BY number DESC LIMIT 1",
        &[&Text(site), &number],
    )
}

pub(crate) fn versions(site: SiteId, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT * FROM site_versions WHERE site_id = ?1 AND (?2 = '' OR number < CAST(?2 AS INTEGER))
         ORDER BY number DESC LIMIT ?3",
        &[&Text(site), &after(query), &page_size(query)],
    )
}

pub(crate) fn pack_insert(workspace: WorkspaceId, hash: &PackHash, size: usize, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO packs (workspace_id, hash, size, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (workspace_id, hash) DO NOTHING",
        &[&Text(workspace), &Text(hash), &size, &now],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct PackRow {
    pub(crate) hash: PackHash,
    pub(crate) size: u64,
}

/// Which of these are stored. One parameter holds them all: D1 takes 100 parameters at most.
pub(crate) fn packs(workspace: WorkspaceId, hashes: &[PackHash]) -> Statement {
    Statement::new(
        "SELECT hash, size FROM packs WHERE workspace_id = ?1 AND hash IN (SELECT value FROM json_each(?2))",
        &[&Text(workspace), &Json(hashes)],
    )
}
