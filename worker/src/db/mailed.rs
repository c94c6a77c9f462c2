//! Secrets that were sent by mail.

use patr_models::{ids::UserId, name::Email, time::Millis};

use super::{Statement, Text};

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// Proves the address of an account.
    Verify,
    /// Proves the address that an account is to have.
    Change,
    /// Chooses a new password.
    Reset,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Change => "change",
            Self::Reset => "reset",
        }
    }
}

/// A secret on its way to an address.
pub(crate) struct New<'a> {
    pub(crate) hash: &'a str,
    pub(crate) user: UserId,
    pub(crate) purpose: Purpose,
    pub(crate) email: &'a Email,
    pub(crate) expires_at: Millis,
}

pub(crate) fn insert(new: &New<'_>, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO mailed (hash, user_id, purpose, email, sent_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[&new.hash, &Text(new.user), &new.purpose.as_str(), &new.email.as_str(), &now, &new.expires_at],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Count {
    pub(crate) count: u64,
}

/// How many were sent for this lately.
pub(crate) fn count(user: UserId, purpose: Purpose, since: Millis) -> Statement {
    Statement::new(
        "SELECT count(*) AS count FROM mailed WHERE user_id = ?1 AND purpose = ?2 AND sent_at > ?3",
        &[&Text(user), &purpose.as_str(), &since],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) user_id: UserId,
    pub(crate) purpose: Purpose,
    pub(crate) email: Email,
}

/// What a secret is for, while it is good.
pub(crate) fn get(hash: &str, now: Millis) -> Statement {
    Statement::new("SELECT * FROM mailed WHERE hash = ?1 AND expires_at > ?2", &[&hash, &now])
}

/// Uses a secret, and makes all others for the same worthless. Fails the batch when it was used before.
pub(crate) fn spend(hash: &str, row: &Row) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO users (id, email, password_hash, created_at)
             SELECT NULL, '', '', 0 WHERE NOT EXISTS (SELECT 1 FROM mailed WHERE hash = ?1)",
            &[&hash],
        ),
        forget(row.user_id, row.purpose),
    ]
}

/// Makes everything worthless that was sent for this.
pub(crate) fn forget(user: UserId, purpose: Purpose) -> Statement {
    Statement::new(
        "DELETE FROM mailed WHERE user_id = ?1 AND purpose = ?2",
        &[&Text(user), &purpose.as_str()],
    )
}
