//! What jobs act with for whoever trusts them.

use patr_models::{
    auth::Access,
    ids::{FederationId, TokenId, UserId, WorkspaceId},
    time::Millis,
};

use super::{
    Statement, Text,
    roles::{Held, held, in_order},
};

/// What a good secret says.
#[derive(serde::Deserialize)]
pub(crate) struct Bearer {
    pub(crate) id: TokenId,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) created_by: UserId,
    #[serde(deserialize_with = "super::millis")]
    pub(crate) expires_at: Millis,
    #[serde(deserialize_with = "in_order")]
    held: Vec<Held>,
}

impl Bearer {
    /// What the roles of the job allow at this moment.
    pub(crate) fn access(&self) -> Access {
        self.held.iter().flat_map(Held::grants).collect()
    }
}

pub(crate) fn by_hash(hash: &str, now: Millis) -> Statement {
    Statement::new(
        concat!(
            "SELECT a.id, a.expires_at, f.workspace_id, f.created_by, ",
            held!("federation_roles", "h.federation_id = f.id"),
            " AS held FROM job_tokens a JOIN federations f ON f.id = a.federation_id
             WHERE a.hash = ?1 AND a.expires_at > ?2"
        ),
        &[&hash, &now],
    )
}

/// A token for a job.
pub(crate) struct New<'a> {
    pub(crate) id: TokenId,
    pub(crate) hash: &'a str,
    pub(crate) federation: FederationId,
    pub(crate) subject: &'a str,
    pub(crate) expires_at: Millis,
}

pub(crate) fn insert(new: &New<'_>, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO job_tokens (id, hash, federation_id, subject, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[&Text(new.id), &new.hash, &Text(new.federation), &new.subject, &now, &new.expires_at],
    )
}

/// Ends the one with this hash.
pub(crate) fn forget(hash: &str) -> Statement {
    Statement::new("DELETE FROM job_tokens WHERE hash = ?1", &[&hash])
}

pub(super) fn sweep(now: Millis) -> Statement {
    Statement::new("DELETE FROM job_tokens WHERE expires_at <= ?1", &[&now])
}
