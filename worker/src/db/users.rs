//! Accounts and logins.

use patr_models::{
    ids::{SessionId, UserId},
    name::{Email, WorkspaceName},
    time::Millis,
    user::{PersonName, User},
};

use super::{Statement, Text, unless_there};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) password_hash: String,
    name: PersonName,
    #[serde(deserialize_with = "super::millis_option")]
    pub(crate) email_verified_at: Option<Millis>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl From<&Row> for User {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id,
            email: row.email.clone(),
            email_verified: row.email_verified_at.is_some(),
            name: row.name.clone(),
            created_at: row.created_at,
        }
    }
}

/// Whose a session is.
#[derive(serde::Deserialize)]
pub(crate) struct Authenticated {
    pub(crate) id: SessionId,
    pub(crate) user_id: UserId,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) last_used_at: Millis,
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

/// See [`super::unless_there`].
pub(crate) fn there(id: UserId) -> Statement {
    Statement::new(unless_there!("users"), &[&Text(id)])
}

pub(crate) fn set_name(id: UserId, name: &PersonName) -> Statement {
    Statement::new("UPDATE users SET name = ?2 WHERE id = ?1", &[&Text(id), &name.as_str()])
}

pub(crate) fn set_password(id: UserId, password_hash: &str) -> Statement {
    Statement::new("UPDATE users SET password_hash = ?2 WHERE id = ?1", &[&Text(id), &password_hash])
}

/// Gives an account an address, and says since when somebody has proved it.
pub(crate) fn set_email(id: UserId, email: &Email, verified_at: Option<Millis>) -> Statement {
    Statement::new(
        "UPDATE users SET email = ?2, email_verified_at = ?3 WHERE id = ?1",
        &[&Text(id), &email.as_str(), &verified_at],
    )
}

/// Foreign keys take along what only the account has.
pub(crate) fn delete(id: UserId) -> Statement {
    Statement::new("DELETE FROM users WHERE id = ?1", &[&Text(id)])
}

/// The SQL of a workspace that has only this one owner.
macro_rules! only_owned {
    () => {
        "FROM members m JOIN workspaces w ON w.id = m.workspace_id
         JOIN member_roles r ON r.workspace_id = m.workspace_id AND r.user_id = m.user_id AND r.role = 'owner'
         WHERE m.user_id = ?1
           AND NOT EXISTS (SELECT 1 FROM member_roles o WHERE o.workspace_id = m.workspace_id
                                                          AND o.role = 'owner' AND o.user_id <> ?1)"
    };
}

#[derive(serde::Deserialize)]
pub(crate) struct Owned {
    pub(crate) name: WorkspaceName,
}

/// A workspace that nobody else owns.
pub(crate) fn only_owned(id: UserId) -> Statement {
    Statement::new(concat!("SELECT w.name ", only_owned!(), " LIMIT 1"), &[&Text(id)])
}

/// Fails the batch while there is such a workspace.
pub(crate) fn unless_only_owner(id: UserId) -> Statement {
    Statement::new(
        concat!(
            "INSERT INTO users (id, email, password_hash, created_at) SELECT NULL, '', '', 0 WHERE EXISTS (SELECT 1 ",
            only_owned!(),
            ")"
        ),
        &[&Text(id)],
    )
}

pub(crate) fn by_session(hash: &str, now: Millis) -> Statement {
    Statement::new(
        "SELECT id, user_id, last_used_at FROM sessions WHERE hash = ?1 AND expires_at > ?2",
        &[&hash, &now],
    )
}

/// Ends whatever login or API token has this hash.
pub(crate) fn forget(hash: &str) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM sessions WHERE hash = ?1", &[&hash]),
        Statement::new("DELETE FROM tokens WHERE hash = ?1 OR former_hash = ?1", &[&hash]),
        super::job_tokens::forget(hash),
        super::oauth::forget(hash),
    ]
}
