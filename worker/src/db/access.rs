//! Who may see a site.

use patr_models::{
    ids::{SiteId, WorkspaceId},
    site::Access,
    time::Millis,
};

use super::{Statement, Text};

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

/// Forgets codes that nobody can use any more.
pub(crate) fn sweep(now: Millis) -> Statement {
    Statement::new("DELETE FROM access_codes WHERE expires_at <= ?1", &[&now])
}
