//! Answers to writes that must not happen twice.

use patr_models::{ids::UserId, time::Millis};

use super::{Statement, Text};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) request_hash: String,
    /// Absent until the first request was answered.
    pub(crate) status: Option<u16>,
    pub(crate) etag: Option<String>,
    pub(crate) body: Option<String>,
}

pub(crate) fn get(user: UserId, key: &str) -> Statement {
    Statement::new(
        "SELECT request_hash, status, etag, body FROM idempotency WHERE user_id = ?1 AND key = ?2",
        &[&Text(user), &key],
    )
}

pub(crate) fn reserve(user: UserId, key: &str, request_hash: &str, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO idempotency (user_id, key, request_hash, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[&Text(user), &key, &request_hash, &now],
    )
}

pub(crate) fn answer(user: UserId, key: &str, status: u16, etag: Option<&str>, body: &str) -> Statement {
    Statement::new(
        "UPDATE idempotency SET status = ?3, etag = ?4, body = ?5 WHERE user_id = ?1 AND key = ?2",
        &[&Text(user), &key, &status, &etag, &body],
    )
}
