//! Devices that wait to be let in (RFC 8628).

use patr_models::{ids::UserId, time::Millis};

use super::{Statement, Text};

/// What a device is told, as far as it is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Pending,
    Approved,
    Denied,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// A device that waits.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) device: Option<String>,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) polled_at: Option<Millis>,
    pub(crate) interval_s: u32,
    pub(crate) state: State,
    pub(crate) user_id: Option<UserId>,
}

/// What a device begins with. Both codes as hashes.
pub(crate) struct New<'a> {
    pub(crate) hash: &'a str,
    pub(crate) user_code_hash: &'a str,
    pub(crate) device: Option<&'a str>,
    pub(crate) interval_s: u32,
    pub(crate) expires_at: Millis,
}

pub(crate) fn insert(new: &New<'_>, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO device_codes (hash, user_code_hash, device, created_at, expires_at, interval_s, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending')",
        &[&new.hash, &new.user_code_hash, &new.device, &now, &new.expires_at, &new.interval_s],
    )
}

/// The device with this code, unless it is too old.
pub(crate) fn by_device_code(hash: &str, now: Millis) -> Statement {
    Statement::new("SELECT * FROM device_codes WHERE hash = ?1 AND expires_at > ?2", &[&hash, &now])
}

/// The device that shows this code and that nobody has decided about.
pub(crate) fn by_user_code(hash: &str, now: Millis) -> Statement {
    Statement::new(
        "SELECT * FROM device_codes WHERE user_code_hash = ?1 AND expires_at > ?2 AND state = 'pending'",
        &[&hash, &now],
    )
}

/// Notes a question, and how long to wait for the next.
pub(crate) fn polled(hash: &str, now: Millis, interval_s: u32) -> Statement {
    Statement::new(
        "UPDATE device_codes SET polled_at = ?2, interval_s = ?3 WHERE hash = ?1",
        &[&hash, &now, &interval_s],
    )
}

/// Fails the batch unless this is still undecided: a null where none may be.
pub(crate) fn undecided(user_code_hash: &str) -> Statement {
    Statement::new(
        "INSERT INTO device_codes (hash, user_code_hash, created_at, expires_at, interval_s, state)
         SELECT '', NULL, 0, 0, 0, 'pending' WHERE NOT EXISTS
         (SELECT 1 FROM device_codes WHERE user_code_hash = ?1 AND state = 'pending')",
        &[&user_code_hash],
    )
}

pub(crate) fn decide(user_code_hash: &str, state: State, user: UserId) -> Statement {
    Statement::new(
        "UPDATE device_codes SET state = ?2, user_id = ?3 WHERE user_code_hash = ?1",
        &[&user_code_hash, &state.as_str(), &Text(user)],
    )
}

/// Takes the code of a device that was let in; fails the batch if somebody has taken it: it is good once.
pub(crate) fn take(hash: &str) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO device_codes (hash, user_code_hash, created_at, expires_at, interval_s, state)
             SELECT '', NULL, 0, 0, 0, 'pending' WHERE NOT EXISTS
             (SELECT 1 FROM device_codes WHERE hash = ?1 AND state = 'approved')",
            &[&hash],
        ),
        Statement::new("DELETE FROM device_codes WHERE hash = ?1", &[&hash]),
    ]
}

/// When somebody typed a code.
#[derive(serde::Deserialize)]
pub(crate) struct Guess {
    #[serde(deserialize_with = "super::millis")]
    pub(crate) at: Millis,
}

/// Counts a code that somebody typed and nobody has, unless there were so many since then already: then it answers none.
pub(crate) fn guess(user: UserId, now: Millis, since: Millis, max: u64) -> Statement {
    Statement::new(
        "INSERT INTO device_guesses (user_id, at) SELECT ?1, ?2
         WHERE (SELECT count(*) FROM device_guesses WHERE user_id = ?1 AND at > ?3) < ?4 RETURNING at",
        &[&Text(user), &now, &since, &max],
    )
}

/// That a code was right after all.
pub(crate) fn forget_guess(user: UserId, at: Millis) -> Statement {
    Statement::new("DELETE FROM device_guesses WHERE user_id = ?1 AND at = ?2", &[&Text(user), &at])
}
