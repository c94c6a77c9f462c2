//! Authenticator apps and recovery codes.

use patr_models::{ids::UserId, time::Millis};

use super::{Statement, Text};

/// What somebody has beside a password.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub(crate) struct Held {
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) totp_since: Option<Millis>,
    pub(crate) passkeys: u64,
    pub(crate) recovery_codes: u64,
}

impl Held {
    /// Whether a password alone is not enough. Recovery codes are there only beside something to recover from.
    pub(crate) fn any(&self) -> bool {
        self.totp_since.is_some() || self.passkeys > 0
    }

    /// What can be given, as people say it.
    pub(crate) fn ways(&self) -> String {
        let ways = [
            (self.totp_since.is_some(), "a code of your authenticator app"),
            (self.passkeys > 0, "a passkey"),
            (self.recovery_codes > 0, "a recovery code"),
        ];
        let ways: Vec<_> = ways.into_iter().filter_map(|(there, way)| there.then_some(way)).collect();
        ways.join(", or ")
    }
}

pub(crate) fn held(user: UserId) -> Statement {
    Statement::new(
        "SELECT (SELECT since FROM totp WHERE user_id = ?1) AS totp_since,
                (SELECT count(*) FROM passkeys WHERE user_id = ?1) AS passkeys,
                (SELECT count(*) FROM recovery_codes WHERE user_id = ?1) AS recovery_codes",
        &[&Text(user)],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Totp {
    /// Encrypted.
    pub(crate) seed: String,
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) since: Option<Millis>,
    pub(crate) step: u64,
}

pub(crate) fn totp(user: UserId) -> Statement {
    Statement::new("SELECT * FROM totp WHERE user_id = ?1", &[&Text(user)])
}

/// Keeps a seed until its first code; in place of one that still waits. Changes nothing where an app is asked already.
pub(crate) fn begin_totp(user: UserId, seed: &str, key: &str) -> Statement {
    Statement::new(
        "INSERT INTO totp (user_id, seed, key) VALUES (?1, ?2, ?3)
         ON CONFLICT (user_id) DO UPDATE SET seed = ?2, key = ?3, step = 0 WHERE since IS NULL",
        &[&Text(user), &seed, &key],
    )
}

/// Has the app asked from now on. The code that has shown that the seed arrived is used.
pub(crate) fn enable_totp(user: UserId, step: u64, now: Millis) -> Statement {
    Statement::new(
        "UPDATE totp SET since = ?2, step = ?3 WHERE user_id = ?1 AND since IS NULL",
        &[&Text(user), &now, &step],
    )
}

pub(crate) fn remove_totp(user: UserId) -> Statement {
    Statement::new("DELETE FROM totp WHERE user_id = ?1", &[&Text(user)])
}

#[derive(serde::Deserialize)]
pub(crate) struct Used {}

/// Uses the code of a half minute. Answers no row when it, or one after it, was used already.
pub(crate) fn use_step(user: UserId, step: u64) -> Statement {
    Statement::new(
        "UPDATE totp SET step = ?2 WHERE user_id = ?1 AND since IS NOT NULL AND step < ?2 RETURNING user_id",
        &[&Text(user), &step],
    )
}

/// Uses a recovery code. Answers no row when there is none like it.
pub(crate) fn use_recovery_code(user: UserId, hash: &str) -> Statement {
    Statement::new(
        "DELETE FROM recovery_codes WHERE user_id = ?1 AND hash = ?2 RETURNING user_id",
        &[&Text(user), &hash],
    )
}

/// New recovery codes, in place of those that are there.
pub(crate) fn set_recovery_codes(user: UserId, hashes: &[String]) -> Vec<Statement> {
    let insert = |hash: &String| {
        Statement::new("INSERT INTO recovery_codes (user_id, hash) VALUES (?1, ?2)", &[&Text(user), hash])
    };
    std::iter::once(forget_recovery_codes(user)).chain(hashes.iter().map(insert)).collect()
}

fn forget_recovery_codes(user: UserId) -> Statement {
    Statement::new("DELETE FROM recovery_codes WHERE user_id = ?1", &[&Text(user)])
}

/// Takes recovery codes away once there is nothing left to recover from.
pub(crate) fn tidy_recovery_codes(user: UserId) -> Statement {
    Statement::new(
        "DELETE FROM recovery_codes WHERE user_id = ?1
         AND NOT EXISTS (SELECT 1 FROM totp WHERE user_id = ?1 AND since IS NOT NULL)
         AND NOT EXISTS (SELECT 1 FROM passkeys WHERE user_id = ?1)",
        &[&Text(user)],
    )
}

/// Everything beside the password.
pub(crate) fn forget_all(user: UserId) -> Vec<Statement> {
    vec![
        remove_totp(user),
        Statement::new("DELETE FROM passkeys WHERE user_id = ?1", &[&Text(user)]),
        forget_recovery_codes(user),
    ]
}

#[derive(serde::Deserialize)]
pub(crate) struct OldKeyRow {
    pub(crate) user_id: UserId,
    pub(crate) seed: String,
}

/// Seeds that are encrypted with a key that is being replaced.
pub(crate) fn seeds_by(key: &str, limit: usize) -> Statement {
    Statement::new("SELECT user_id, seed FROM totp WHERE key = ?1 LIMIT ?2", &[&key, &limit])
}

/// A seed, encrypted anew, unless it has changed meanwhile.
pub(crate) fn reseal(row: &OldKeyRow, seed: &str, key: &str) -> Statement {
    Statement::new(
        "UPDATE totp SET seed = ?3, key = ?4 WHERE user_id = ?1 AND seed = ?2",
        &[&Text(row.user_id), &row.seed, &seed, &key],
    )
}
