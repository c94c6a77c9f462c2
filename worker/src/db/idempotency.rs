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

/// A key, taken for a request.
#[derive(Debug, Clone)]
pub(crate) struct Reservation {
    pub(crate) user: UserId,
    pub(crate) key: String,
    pub(crate) request_hash: String,
    /// What a repetition is answered, when the answer to the first request holds a secret.
    pub(crate) instead: Option<Kept>,
}

/// An answer to be given again.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    pub(crate) body: String,
}

/// Fails when the key is taken.
pub(crate) fn reserve(reservation: &Reservation, now: Millis) -> Statement {
    let Reservation { user, key, request_hash, instead } = reservation;
    let instead = instead.as_ref();
    Statement::new(
        "INSERT INTO idempotency (user_id, key, request_hash, created_at, status, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            &Text(user),
            key,
            request_hash,
            &now,
            &instead.map(|kept| kept.status),
            &instead.map(|kept| kept.body.as_str()),
        ],
    )
}

/// Keeps an answer. A request that wrote nothing has reserved nothing either, and is answered the same again too.
pub(crate) fn keep(reservation: &Reservation, kept: &Kept, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO idempotency (user_id, key, request_hash, created_at, status, etag, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (user_id, key) DO UPDATE SET status = ?5, etag = ?6, body = ?7
             WHERE request_hash = ?3 AND status IS NULL",
        &[
            &Text(reservation.user),
            &reservation.key,
            &reservation.request_hash,
            &now,
            &kept.status,
            &kept.etag,
            &kept.body,
        ],
    )
}
