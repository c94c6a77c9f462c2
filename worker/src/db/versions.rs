//! Versions of static sites.

use std::time::Duration;

use patr_models::{
    ids::{ManagedUrlId, SiteId, UserId, WorkspaceId},
    managed_url::Host,
    page::ListQuery,
    site::{ManifestHash, Preview, SiteVersion, VersionNumber},
    time::Millis,
};

use super::{Json, Statement, Text, after, managed_urls, page_size};
use crate::env::Settings;

/// The newest of the versions that are not live stay, however old,
pub(crate) const KEPT: u32 = 30;
/// and all stay for as long.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) number: VersionNumber,
    pub(crate) manifest: ManifestHash,
    files: u32,
    bytes: u64,
    preview_host: Option<Host>,
    #[serde(deserialize_with = "super::millis_option")]
    preview_until: Option<Millis>,
    /// Of a preview that was never live.
    #[serde(deserialize_with = "super::millis_option")]
    expires_at: Option<Millis>,
    created_by: UserId,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl Row {
    /// Whether it was never live.
    pub(crate) fn is_preview(&self) -> bool {
        self.expires_at.is_some()
    }

    pub(crate) fn model(self, live: Option<VersionNumber>, settings: &Settings) -> SiteVersion {
        let preview = self.preview_host.zip(self.preview_until);
        SiteVersion {
            number: self.number,
            live: live == Some(self.number),
            manifest: self.manifest,
            files: self.files,
            bytes: self.bytes,
            preview: preview
                .map(|(host, expires_at)| Preview { url: settings.url(host.as_str()), expires_at }),
            created_by: self.created_by,
            created_at: self.created_at,
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT v.*, b.hash AS manifest, m.host AS preview_host, m.expires_at AS preview_until
             FROM site_versions v JOIN blobs b ON b.id = v.manifest_id
             LEFT JOIN managed_urls m ON m.version_id = v.id ",
            $rest
        )
    };
}

/// A version to be made.
pub(crate) struct New<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) site: SiteId,
    /// One above the highest; the site must be known to be unchanged.
    pub(crate) number: VersionNumber,
    pub(crate) manifest: &'a ManifestHash,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Of a preview.
    pub(crate) expires_at: Option<Millis>,
    pub(crate) by: UserId,
    pub(crate) now: Millis,
}

pub(crate) fn insert(new: &New<'_>) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO site_versions (site_id, number, manifest_id, files, bytes, expires_at, created_by, created_at)
             VALUES (?1, ?2, (SELECT id FROM blobs WHERE workspace_id = ?3 AND kind = 'manifest' AND hash = ?4),
                     ?5, ?6, ?7, ?8, ?9)",
            &[
                &Text(new.site),
                &new.number,
                &Text(new.workspace),
                &Text(new.manifest),
                &new.files,
                &new.bytes,
                &new.expires_at,
                &Text(new.by),
                &new.now,
            ],
        ),
        Statement::new(
            "UPDATE sites SET versions = ?2, generation = generation + 1, updated_at = ?3 WHERE id = ?1",
            &[&Text(new.site), &new.number, &new.now],
        ),
    ]
}

pub(crate) fn get(site: SiteId, number: VersionNumber) -> Statement {
    Statement::new(select!("WHERE v.site_id = ?1 AND v.number = ?2"), &[&Text(site), &number])
}

/// The one before that was live, or was made to be.
pub(crate) fn before(site: SiteId, number: VersionNumber) -> Statement {
    Statement::new(
        select!(
            "WHERE v.site_id = ?1 AND v.number < ?2 AND v.expires_at IS NULL ORDER BY v.number DESC LIMIT 1"
        ),
        &[&Text(site), &number],
    )
}

/// A preview of this manifest that was never live.
pub(crate) fn preview(site: SiteId, manifest: &ManifestHash, now: Millis) -> Statement {
    Statement::new(
        select!("WHERE v.site_id = ?1 AND b.hash = ?2 AND v.expires_at > ?3 ORDER BY v.number DESC LIMIT 1"),
        &[&Text(site), &Text(manifest), &now],
    )
}

pub(crate) fn list(site: SiteId, query: &ListQuery) -> Statement {
    Statement::new(
        select!(
            "WHERE v.site_id = ?1 AND (?2 = '' OR v.number < CAST(?2 AS INTEGER)) ORDER BY v.number DESC LIMIT ?3"
        ),
        &[&Text(site), &after(query), &page_size(query)],
    )
}

/// Lets a preview last until then, if that is later.
pub(crate) fn extend(site: SiteId, number: VersionNumber, until: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "UPDATE site_versions SET expires_at = max(expires_at, ?3) WHERE site_id = ?1 AND number = ?2",
            &[&Text(site), &number, &until],
        ),
        Statement::new(
            "UPDATE managed_urls SET expires_at = max(expires_at, ?3) WHERE version_id =
                 (SELECT id FROM site_versions WHERE site_id = ?1 AND number = ?2)",
            &[&Text(site), &number, &until],
        ),
    ]
}

/// Addresses of previews whose time is over.
pub(crate) fn expired(now: Millis, most: usize) -> Statement {
    Statement::new(
        "SELECT id FROM managed_urls WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
        &[&now, &most],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Expired {
    pub(crate) id: ManagedUrlId,
}

/// Takes addresses away whose time is over, and then the versions that were made for nothing else. The hosts are given
/// back when they are published.
pub(crate) fn expire(urls: &[ManagedUrlId], now: Millis) -> Vec<Statement> {
    vec![
        managed_urls::touch_all(urls),
        Statement::new(
            "DELETE FROM managed_urls WHERE id IN (SELECT value FROM json_each(?1)) AND expires_at <= ?2",
            &[&Json(urls), &now],
        ),
        Statement::new(
            "UPDATE blobs SET released_at = ?1 WHERE id IN (SELECT manifest_id FROM site_versions WHERE expires_at <= ?1)",
            &[&now],
        ),
        // One that has an address still, or is live, stays: another sweep comes to it, or nobody needs to.
        Statement::new(
            "DELETE FROM site_versions WHERE expires_at <= ?1
             AND NOT EXISTS (SELECT 1 FROM managed_urls WHERE version_id = site_versions.id)
             AND NOT EXISTS (SELECT 1 FROM sites WHERE live_id = site_versions.id)",
            &[&now],
        ),
    ]
}

#[derive(serde::Deserialize)]
pub(crate) struct Old {
    pub(crate) id: u64,
}

/// Versions of these sites that are old and beyond the newest; never the live one, nor one with an address of its own.
pub(crate) fn old(sites: &[SiteId], now: Millis, most: usize) -> Statement {
    Statement::new(
        "SELECT v.id FROM sites s JOIN site_versions v ON v.site_id = s.id
         WHERE s.id IN (SELECT value FROM json_each(?1)) AND v.created_at < ?2
         AND v.id IS NOT s.live_id AND v.expires_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM managed_urls WHERE version_id = v.id)
         AND v.number < (SELECT n.number FROM site_versions n
                         WHERE n.site_id = s.id AND n.id IS NOT s.live_id AND n.expires_at IS NULL
                         ORDER BY n.number DESC LIMIT 1 OFFSET ?3)
         LIMIT ?4",
        &[&Json(sites), &(now - KEPT_FOR), &(KEPT - 1), &most],
    )
}

/// Deletes versions, except what has become live or got an address meanwhile.
pub(crate) fn delete(ids: &[u64], now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "UPDATE blobs SET released_at = ?2 WHERE id IN
                 (SELECT manifest_id FROM site_versions WHERE id IN (SELECT value FROM json_each(?1)))",
            &[&Json(ids), &now],
        ),
        Statement::new(
            "DELETE FROM site_versions WHERE id IN (SELECT value FROM json_each(?1))
             AND NOT EXISTS (SELECT 1 FROM managed_urls WHERE version_id = site_versions.id)
             AND NOT EXISTS (SELECT 1 FROM sites WHERE live_id = site_versions.id)",
            &[&Json(ids)],
        ),
    ]
}
