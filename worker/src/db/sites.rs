//! Static sites.

use patr_models::{
    auth::Scope,
    ids::{Ref, SiteId, WorkspaceId},
    managed_url::Host,
    name::Name,
    page::ListQuery,
    site::{Access, ManifestHash, VersionNumber},
    time::Millis,
};

use super::{Json, Statement, Text, after, filter, in_scope, page_size, scope};

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: SiteId,
    pub(crate) name: Name,
    pub(crate) live: Option<VersionNumber>,
    /// Of the live version.
    pub(crate) manifest: Option<ManifestHash>,
    /// Of what is carried of earlier versions.
    pub(crate) carried: Option<ManifestHash>,
    /// The highest number that a version was given.
    pub(crate) versions: VersionNumber,
    #[serde(deserialize_with = "super::truth")]
    pub(crate) running: bool,
    pub(crate) access: Access,
    pub(crate) generation: u64,
    pub(crate) host: Host,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) updated_at: Millis,
}

macro_rules! select {
    ($($rest:tt)+) => {
        concat!(
            "SELECT s.*, v.number AS live, l.hash AS manifest, c.hash AS carried,
                    (SELECT host FROM managed_urls m
                     WHERE m.site_id = s.id AND m.automatic = 1 AND m.version_id IS NULL) AS host
             FROM sites s LEFT JOIN site_versions v ON v.id = s.live_id
             LEFT JOIN blobs l ON l.id = v.manifest_id LEFT JOIN blobs c ON c.id = s.carried_id ",
            $($rest)+
        )
    };
}

pub(crate) fn insert(workspace: WorkspaceId, id: SiteId, name: &Name, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO sites (id, workspace_id, name, generation, created_at, updated_at, tended_at)
         VALUES (?1, ?2, ?3, 1, ?4, ?4, ?4)",
        &[&Text(id), &Text(workspace), &name.as_str(), &now],
    )
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<SiteId>) -> Statement {
    Statement::new(
        select!("WHERE s.workspace_id = ?1 AND (s.id = ?2 OR s.name = ?2)"),
        &[&Text(workspace), &Text(reference)],
    )
}

pub(crate) fn list(workspace: WorkspaceId, seen: &Scope, query: &ListQuery) -> Statement {
    let (ids, only) = scope(seen);
    Statement::new(
        select!(
            "WHERE s.workspace_id = ?1 AND s.id > ?2 AND instr(s.name, ?3)",
            in_scope!("s.id"),
            "ORDER BY s.id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &ids, &only],
    )
}

/// Fails the batch when the site has changed since it was at this generation: a null where none may be.
pub(crate) fn unchanged(id: SiteId, generation: u64) -> Statement {
    Statement::new(
        "INSERT INTO sites (id) SELECT NULL WHERE NOT EXISTS (SELECT 1 FROM sites WHERE id = ?1 AND generation = ?2)",
        &[&Text(id), &generation],
    )
}

pub(crate) fn set_running(id: SiteId, running: bool, now: Millis) -> Statement {
    Statement::new(
        "UPDATE sites SET running = ?2, generation = generation + 1, updated_at = ?3 WHERE id = ?1",
        &[&Text(id), &running, &now],
    )
}

/// What goes on being served of earlier versions: its manifest, and the last day of any of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) manifest: ManifestHash,
    pub(crate) until_day: u16,
}

/// Makes a version live. Fails the batch when the version is gone.
pub(crate) fn set_live(
    workspace: WorkspaceId,
    id: SiteId,
    number: VersionNumber,
    carried: Option<&Carried>,
    now: Millis,
) -> Vec<Statement> {
    let manifest = carried.map(|carried| Text(&carried.manifest));
    vec![
        Statement::new(
            "INSERT INTO sites (id) SELECT NULL
             WHERE NOT EXISTS (SELECT 1 FROM site_versions WHERE site_id = ?1 AND number = ?2)",
            &[&Text(id), &number],
        ),
        Statement::new(
            "UPDATE blobs SET released_at = ?2 WHERE id = (SELECT carried_id FROM sites WHERE id = ?1)",
            &[&Text(id), &now],
        ),
        Statement::new(
            "UPDATE sites SET live_id = (SELECT id FROM site_versions WHERE site_id = ?1 AND number = ?2),
                 carried_id = (SELECT id FROM blobs WHERE workspace_id = ?3 AND kind = 'manifest' AND hash = ?4),
                 carried_until = ?5, generation = generation + 1, updated_at = ?6
             WHERE id = ?1",
            &[
                &Text(id),
                &number,
                &Text(workspace),
                &manifest,
                &carried.map(|carried| carried.until_day),
                &now,
            ],
        ),
        Statement::new(
            "UPDATE site_versions SET expires_at = NULL WHERE site_id = ?1 AND number = ?2",
            &[&Text(id), &number],
        ),
    ]
}

/// Deletes a site with its versions and previews, and lets go of what they need.
pub(crate) fn delete(id: SiteId, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "UPDATE blobs SET released_at = ?2 WHERE id IN
                 (SELECT manifest_id FROM site_versions WHERE site_id = ?1
                  UNION ALL SELECT carried_id FROM sites WHERE id = ?1)",
            &[&Text(id), &now],
        ),
        Statement::new("DELETE FROM managed_urls WHERE site_id = ?1 AND automatic = 1", &[&Text(id)]),
        Statement::new("DELETE FROM sites WHERE id = ?1", &[&Text(id)]),
    ]
}

#[derive(serde::Deserialize)]
pub(crate) struct Untended {
    pub(crate) id: SiteId,
}

/// Sites whose old versions were not looked through since.
pub(crate) fn untended(since: Millis, most: usize) -> Statement {
    Statement::new("SELECT id FROM sites WHERE tended_at < ?1 ORDER BY tended_at LIMIT ?2", &[&since, &most])
}

pub(crate) fn tended(ids: &[SiteId], now: Millis) -> Statement {
    Statement::new(
        "UPDATE sites SET tended_at = ?2 WHERE id IN (SELECT value FROM json_each(?1))",
        &[&Json(ids), &now],
    )
}

/// Carries nothing any more where the last day of all of it is over.
pub(crate) fn drop_carried(ids: &[SiteId], today: u16, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "UPDATE hosts SET revision = revision + 1 WHERE host IN
                 (SELECT host FROM managed_urls WHERE version_id IS NULL AND site_id IN
                      (SELECT id FROM sites WHERE id IN (SELECT value FROM json_each(?1)) AND carried_until < ?2))",
            &[&Json(ids), &today],
        ),
        Statement::new(
            "UPDATE blobs SET released_at = ?3 WHERE id IN
                 (SELECT carried_id FROM sites WHERE id IN (SELECT value FROM json_each(?1)) AND carried_until < ?2)",
            &[&Json(ids), &today, &now],
        ),
        Statement::new(
            "UPDATE sites SET carried_id = NULL, carried_until = NULL
             WHERE id IN (SELECT value FROM json_each(?1)) AND carried_until < ?2",
            &[&Json(ids), &today],
        ),
    ]
}
