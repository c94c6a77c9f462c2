//! Logins.

use patr_models::{
    ids::{SessionId, UserId},
    page::ListQuery,
    session::LogIn,
    time::Millis,
};

use super::{Statement, Text, after, page_size};

/// A login that begins.
pub(crate) struct New<'a> {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) hash: &'a str,
    pub(crate) device: &'a str,
    pub(crate) address: Option<&'a str>,
    pub(crate) expires_at: Millis,
}

/// Who begins a login has just shown who it is.
pub(crate) fn insert(new: &New<'_>, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO sessions (id, user_id, hash, device, address, created_at, last_used_at, proved_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?7)",
        &[&Text(new.id), &Text(new.user), &new.hash, &new.device, &new.address, &now, &new.expires_at],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    id: SessionId,
    hash: String,
    device: String,
    address: Option<String>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    last_used_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    expires_at: Millis,
}

impl Row {
    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// As its holder sees it, who asks with the login of this hash.
    pub(crate) fn seen_by(self, hash: &str) -> LogIn {
        let Self { id, device, address, created_at, last_used_at, expires_at, .. } = self;
        LogIn { id, current: self.hash == hash, device, address, created_at, last_used_at, expires_at }
    }
}

pub(crate) fn list(user: UserId, now: Millis, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT * FROM sessions WHERE user_id = ?1 AND id > ?2 AND expires_at > ?3 ORDER BY id LIMIT ?4",
        &[&Text(user), &after(query), &now, &page_size(query)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct There {}

/// Whether somebody has this login.
pub(crate) fn get(user: UserId, id: SessionId) -> Statement {
    Statement::new("SELECT id FROM sessions WHERE user_id = ?1 AND id = ?2", &[&Text(user), &Text(id)])
}

pub(crate) fn end(user: UserId, id: SessionId) -> Statement {
    Statement::new("DELETE FROM sessions WHERE user_id = ?1 AND id = ?2", &[&Text(user), &Text(id)])
}

/// Ends all but the one with this hash; all, where it is empty.
pub(crate) fn end_others(user: UserId, hash: &str) -> Statement {
    Statement::new("DELETE FROM sessions WHERE user_id = ?1 AND hash <> ?2", &[&Text(user), &hash])
}

/// Notes that a login is used.
pub(crate) fn used(hash: &str, now: Millis) -> Statement {
    Statement::new("UPDATE sessions SET last_used_at = ?2 WHERE hash = ?1", &[&hash, &now])
}

#[derive(serde::Deserialize)]
pub(crate) struct Proved {
    #[serde(deserialize_with = "super::millis")]
    pub(crate) proved_at: Millis,
}

pub(crate) fn proved(hash: &str) -> Statement {
    Statement::new("SELECT proved_at FROM sessions WHERE hash = ?1", &[&hash])
}

pub(crate) fn prove(hash: &str, now: Millis) -> Statement {
    Statement::new("UPDATE sessions SET proved_at = ?2 WHERE hash = ?1", &[&hash, &now])
}
