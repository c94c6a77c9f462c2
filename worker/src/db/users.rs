//! Accounts and logins.

use patr_models::{
    ids::{SessionId, UserId},
    name::Email,
    time::Millis,
    user::User,
};

use super::{Statement, Text};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) password_hash: String,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) created_at: Millis,
}

impl From<&Row> for User {
    fn from(row: &Row) -> Self {
        Self { id: row.id, email: row.email.clone(), created_at: row.created_at }
    }
}

/// Whose a session is.
#[derive(serde::Deserialize)]
pub(crate) struct Authenticated {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
}

#[derive(serde::Deserialize)]
pub(crate) struct Count {
    pub(crate) count: u64,
}

pub(crate) fn count() -> Statement {
    Statement::new("SELECT count(*) AS count FROM (SELECT 1 FROM users LIMIT 1)", &[])
}

pub(crate) fn by_email(email: &Email) -> Statement {
    Statement::new("SELECT * FROM users WHERE email = ?1", &[&email.as_str()])
}

pub(crate) fn by_id(id: UserId) -> Statement {
    Statement::new("SELECT * FROM users WHERE id = ?1", &[&Text(id)])
}

pub(crate) fn insert(user: &User, password_hash: &str) -> Statement {
    Statement::new(
        "INSERT INTO users (id, email, password_hash, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[&Text(user.id), &user.email.as_str(), &password_hash, &user.created_at],
    )
}

pub(crate) fn session_insert(
    id: SessionId,
    user: UserId,
    hash: &str,
    now: Millis,
    expires: Millis,
) -> Statement {
    Statement::new(
        "INSERT INTO sessions (id, user_id, hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[&Text(id), &Text(user), &hash, &now, &expires],
    )
}

pub(crate) fn by_session(hash: &str, now: Millis) -> Statement {
    Statement::new("SELECT id, user_id FROM sessions WHERE hash = ?1 AND expires_at > ?2", &[&hash, &now])
}

/// Ends whatever login or API token has this hash.
pub(crate) fn forget(hash: &str) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM sessions WHERE hash = ?1", &[&hash]),
        Statement::new("DELETE FROM tokens WHERE hash = ?1 OR former_hash = ?1", &[&hash]),
    ]
}
