//! Who may see a site, and who tried.

use std::time::Duration;

use patr_models::{
    ids::{SiteId, WorkspaceId},
    site::Access,
    time::Millis,
};

use super::{Statement, Text};

/// Wrong passwords for a site from one address within [`WINDOW`], before more are refused; and from all addresses.
pub(crate) const FAILURES_MAX: u32 = 10;
const FAILURES_OF_ALL_MAX: u32 = 200;
pub(crate) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Changes who may see a site. The generation grows, so that whoever was let in has to ask again.
pub(crate) fn set(site: SiteId, access: Access, password_hash: Option<&str>, now: Millis) -> Statement {
    let access = match access {
        Access::Public => "public",
        Access::Password => "password",
        Access::Members => "members",
    };
    Statement::new(
        "UPDATE sites SET access = ?2, password_hash = ?3, access_generation = access_generation + 1,
                          generation = generation + 1, updated_at = ?4 WHERE id = ?1",
        &[&Text(site), &access, &password_hash, &now],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Password {
    pub(crate) password_hash: Option<String>,
}

/// The password of a site, as long as its access is at this generation.
pub(crate) fn password(site: SiteId, generation: u64) -> Statement {
    Statement::new(
        "SELECT password_hash FROM sites WHERE id = ?1 AND access = 'password' AND access_generation = ?2",
        &[&Text(site), &generation],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Attempt {}

/// Counts an attempt as a failure, until it has succeeded. One statement looks and counts, so that many attempts at once
/// are not more than many in a row. Answers no row when there were too many already.
pub(crate) fn attempt(site: SiteId, client: &str, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO access_failures (site_id, client, at) SELECT id, ?2, ?3 FROM sites WHERE id = ?1
         AND (SELECT count(*) FROM access_failures WHERE site_id = ?1 AND client = ?2 AND at > ?4) < ?5
         AND (SELECT count(*) FROM access_failures WHERE site_id = ?1 AND at > ?4) < ?6
         RETURNING at",
        &[&Text(site), &client, &now, &(now - WINDOW), &FAILURES_MAX, &FAILURES_OF_ALL_MAX],
    )
}

pub(crate) fn forget(site: SiteId, client: &str) -> Statement {
    Statement::new("DELETE FROM access_failures WHERE site_id = ?1 AND client = ?2", &[&Text(site), &client])
}

#[derive(serde::Deserialize)]
pub(crate) struct Address {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) access_generation: u64,
}

/// A site for members, if this is one of its addresses.
pub(crate) fn address_for_members(site: SiteId, host: &str, path: &str) -> Statement {
    Statement::new(
        "SELECT s.workspace_id, s.access_generation FROM managed_urls m JOIN sites s ON s.id = m.site_id
         WHERE m.host = ?2 AND m.path = ?3 AND m.site_id = ?1 AND s.access = 'members'",
        &[&Text(site), &host, &path],
    )
}

/// Uses a code. Fails when it was used before.
pub(crate) fn spend(code: &str, expires_at: Millis) -> Statement {
    Statement::new("INSERT INTO access_codes (code, expires_at) VALUES (?1, ?2)", &[&code, &expires_at])
}

/// Forgets attempts that no longer count, and codes that nobody can use any more.
pub(crate) fn sweep(now: Millis) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM access_failures WHERE at <= ?1", &[&(now - WINDOW)]),
        Statement::new("DELETE FROM access_codes WHERE expires_at <= ?1", &[&now]),
    ]
}
