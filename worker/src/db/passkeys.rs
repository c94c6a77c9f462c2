//! Passkeys, and the challenges that they have answered.

use patr_models::{
    ids::{PasskeyId, UserId},
    name::Label,
    passkey::Passkey,
    time::Millis,
};

use super::{Statement, Text};
use crate::webauthn::Credential;

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: PasskeyId,
    pub(crate) user_id: UserId,
    pub(crate) name: Label,
    credential: String,
    public_key: String,
    counter: u32,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis_option")]
    last_used_at: Option<Millis>,
}

impl Row {
    pub(crate) fn credential(&self) -> Credential {
        let Self { credential, public_key, counter, .. } = self;
        Credential { id: credential.clone(), public_key: public_key.clone(), counter: *counter }
    }
}

impl From<Row> for Passkey {
    fn from(row: Row) -> Self {
        let Row { id, name, created_at, last_used_at, .. } = row;
        Self { id, name, created_at, last_used_at }
    }
}

pub(crate) fn insert(user: UserId, passkey: &Passkey, credential: &Credential) -> Statement {
    Statement::new(
        "INSERT INTO passkeys (id, user_id, name, credential, public_key, counter, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            &Text(passkey.id),
            &Text(user),
            &passkey.name.as_str(),
            &credential.id,
            &credential.public_key,
            &credential.counter,
            &passkey.created_at,
        ],
    )
}

pub(crate) fn list(user: UserId) -> Statement {
    Statement::new("SELECT * FROM passkeys WHERE user_id = ?1 ORDER BY id", &[&Text(user)])
}

pub(crate) fn get(user: UserId, id: PasskeyId) -> Statement {
    Statement::new("SELECT * FROM passkeys WHERE user_id = ?1 AND id = ?2", &[&Text(user), &Text(id)])
}

pub(crate) fn by_credential(credential: &str) -> Statement {
    Statement::new("SELECT * FROM passkeys WHERE credential = ?1", &[&credential])
}

pub(crate) fn delete(user: UserId, id: PasskeyId) -> Statement {
    Statement::new("DELETE FROM passkeys WHERE user_id = ?1 AND id = ?2", &[&Text(user), &Text(id)])
}

#[derive(serde::Deserialize)]
pub(crate) struct Used {}

/// Notes a use. Answers no row when the passkey is gone, or was used meanwhile and has counted further.
pub(crate) fn used(id: PasskeyId, counter: u32, now: Millis) -> Statement {
    Statement::new(
        "UPDATE passkeys SET counter = ?2, last_used_at = ?3 WHERE id = ?1 AND (counter < ?2 OR counter = 0)
         RETURNING id",
        &[&Text(id), &counter, &now],
    )
}

/// Uses a challenge. Fails when it was used before.
pub(crate) fn spend(challenge: &str, expires_at: Millis) -> Statement {
    Statement::new(
        "INSERT INTO spent_challenges (challenge, expires_at) VALUES (?1, ?2)",
        &[&challenge, &expires_at],
    )
}
