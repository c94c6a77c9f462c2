//! Secrets and their versions, encrypted, and which releases name them.

use std::collections::BTreeSet;

use patr_models::{
    auth::Scope,
    deployment::{ReleaseNumber, spec::SecretUse},
    ids::{DeploymentId, WorkspaceId},
    name::Name,
    page::ListQuery,
    secret::{Secret, SecretVersion, UsedBy},
    time::Millis,
};

use super::{Json, Statement, Text, after, filter, in_scope, page_size, scope};

/// Versions that no release names are kept as long as they are among this many newest ones.
const KEPT: u32 = 20;

/// What D1 knows a secret by.
pub(crate) type SecretId = u64;

#[derive(serde::Deserialize)]
pub(crate) struct KeyRow {
    pub(crate) wrapped: String,
}

/// The key of a workspace.
pub(crate) fn key(workspace: WorkspaceId) -> Statement {
    Statement::new("SELECT wrapped FROM data_keys WHERE workspace_id = ?1", &[&Text(workspace)])
}

/// `by` is the fingerprint of the installation's key.
pub(crate) fn key_insert(workspace: WorkspaceId, wrapped: &str, by: &str, now: Millis) -> Statement {
    Statement::new(
        "INSERT INTO data_keys (workspace_id, wrapped, wrapped_by, created_at) VALUES (?1, ?2, ?3, ?4)",
        &[&Text(workspace), &wrapped, &by, &now],
    )
}

/// The key of a workspace that is encrypted with another key of the installation than it should be.
#[derive(serde::Deserialize)]
pub(crate) struct OldKeyRow {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) wrapped: String,
}

/// Those by the key with this fingerprint, or from before there were any.
pub(crate) fn keys_by(former: &str, limit: usize) -> Statement {
    Statement::new(
        "SELECT workspace_id, wrapped FROM data_keys WHERE wrapped_by IN ('', ?1) LIMIT ?2",
        &[&former, &limit],
    )
}

/// Unless it was replaced meanwhile.
pub(crate) fn rewrap(row: &OldKeyRow, wrapped: &str, by: &str) -> Statement {
    Statement::new(
        "UPDATE data_keys SET wrapped = ?3, wrapped_by = ?4 WHERE workspace_id = ?1 AND wrapped = ?2",
        &[&Text(row.workspace_id), &row.wrapped.as_str(), &wrapped, &by],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: SecretId,
    pub(crate) name: Name,
    pub(crate) version: SecretVersion,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    updated_at: Millis,
    #[serde(deserialize_with = "super::millis_option")]
    deleted_at: Option<Millis>,
}

impl Row {
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub(crate) fn with(self, uses: &[UseRow]) -> Secret {
        let used_by = uses.iter().filter(|used| used.secret_id == self.id);
        let mut used_by: Vec<_> = used_by.map(UseRow::used_by).collect();
        used_by.sort_by(|a, b| a.deployment.cmp(&b.deployment).then(a.version.cmp(&b.version)));
        let Self { name, version, created_at, updated_at, .. } = self;
        Secret { name, version, used_by, created_at, updated_at }
    }
}

/// A secret, or what is left of a deleted one.
pub(crate) fn get(workspace: WorkspaceId, name: &Name) -> Statement {
    Statement::new(
        "SELECT * FROM secrets WHERE workspace_id = ?1 AND name = ?2",
        &[&Text(workspace), &name.as_str()],
    )
}

pub(crate) fn list(workspace: WorkspaceId, seen: &Scope, query: &ListQuery) -> Statement {
    let (ids, only) = scope(seen);
    Statement::new(
        concat!(
            "SELECT * FROM secrets WHERE workspace_id = ?1 AND name > ?2 AND instr(name, ?3) AND deleted_at IS NULL",
            in_scope!("name"),
            "ORDER BY name LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &ids, &only],
    )
}

pub(crate) fn count(workspace: WorkspaceId) -> Statement {
    Statement::new(
        "SELECT count(*) AS count FROM secrets WHERE workspace_id = ?1 AND deleted_at IS NULL",
        &[&Text(workspace)],
    )
}

/// A deployment whose current release names a secret.
#[derive(serde::Deserialize)]
pub(crate) struct UseRow {
    secret_id: SecretId,
    pub(crate) deployment: Name,
    version: SecretVersion,
}

impl UseRow {
    fn used_by(&self) -> UsedBy {
        UsedBy { deployment: self.deployment.clone(), version: self.version }
    }
}

pub(crate) fn uses(secrets: &[SecretId]) -> Statement {
    Statement::new(
        "SELECT u.secret_id, u.version, d.name AS deployment FROM json_each(?1) j
         JOIN release_secrets u ON u.secret_id = j.value
         JOIN deployments d ON d.id = u.deployment_id AND d.release = u.number",
        &[&Json(secrets)],
    )
}

/// A value to be kept.
pub(crate) struct New<'a> {
    pub(crate) version: SecretVersion,
    /// Encrypted.
    pub(crate) closed: &'a str,
    /// Of the value itself.
    pub(crate) bytes: usize,
    pub(crate) now: Millis,
}

/// The first version of a secret. Fails if there is one of this name.
pub(crate) fn first(workspace: WorkspaceId, name: &Name, new: &New<'_>) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO secrets (workspace_id, name, version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
            &[&Text(workspace), &name.as_str(), &new.version, &new.now],
        ),
        Statement::new(
            "INSERT INTO secret_versions (secret_id, version, value, bytes, created_at)
             SELECT id, version, ?3, ?4, ?5 FROM secrets WHERE workspace_id = ?1 AND name = ?2",
            &[&Text(workspace), &name.as_str(), &new.closed, &new.bytes, &new.now],
        ),
    ]
}

/// A further version. Fails if somebody else has made it.
pub(crate) fn next(id: SecretId, new: &New<'_>) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO secret_versions (secret_id, version, value, bytes, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[&id, &new.version, &new.closed, &new.bytes, &new.now],
        ),
        Statement::new(
            "UPDATE secrets SET version = ?2, updated_at = ?3, deleted_at = NULL,
                    created_at = iif(deleted_at IS NULL, created_at, ?3)
             WHERE id = ?1",
            &[&id, &new.version, &new.now],
        ),
        Statement::new(
            "DELETE FROM secret_versions WHERE secret_id = ?1 AND version <= ?2 AND NOT EXISTS
                 (SELECT 1 FROM release_secrets u WHERE u.secret_id = ?1 AND u.version = secret_versions.version)",
            &[&id, &new.version.saturating_sub(KEPT)],
        ),
    ]
}

/// Deletes every version. Fails as a whole if the secret is not there, or if a current release names it.
pub(crate) fn delete(id: SecretId, now: Millis) -> Vec<Statement> {
    vec![
        Statement::new(
            "INSERT INTO secrets (name) SELECT NULL
             WHERE NOT EXISTS (SELECT 1 FROM secrets WHERE id = ?1 AND deleted_at IS NULL)
             OR EXISTS (SELECT 1 FROM release_secrets u JOIN deployments d ON d.id = u.deployment_id AND d.release = u.number
                        WHERE u.secret_id = ?1)",
            &[&id],
        ),
        Statement::new("DELETE FROM secret_versions WHERE secret_id = ?1", &[&id]),
        Statement::new("UPDATE secrets SET deleted_at = ?2 WHERE id = ?1", &[&id, &now]),
    ]
}

/// What a use of a secret means.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub(crate) struct Found {
    pub(crate) name: Name,
    /// The version that was asked for, if one was.
    pub(crate) asked: Option<SecretVersion>,
    pub(crate) secret_id: SecretId,
    pub(crate) version: SecretVersion,
    pub(crate) bytes: usize,
}

impl Found {
    pub(crate) fn answers(&self, used: &SecretUse) -> bool {
        self.name == used.secret && self.asked == used.version
    }
}

/// What uses of secrets mean. There is no row for one that means nothing.
pub(crate) fn resolve(workspace: WorkspaceId, uses: &[&SecretUse]) -> Statement {
    Statement::new(
        "SELECT s.name, j.value ->> 'version' AS asked, v.secret_id, v.version, v.bytes FROM json_each(?2) j
         JOIN secrets s ON s.workspace_id = ?1 AND s.name = j.value ->> 'secret'
         JOIN secret_versions v ON v.secret_id = s.id AND v.version = coalesce(j.value ->> 'version', s.version)",
        &[&Text(workspace), &Json(uses)],
    )
}

/// What a release names.
pub(crate) fn name(
    deployment: DeploymentId,
    number: ReleaseNumber,
    secrets: &BTreeSet<(SecretId, SecretVersion)>,
) -> Statement {
    Statement::new(
        "INSERT INTO release_secrets (deployment_id, number, secret_id, version)
         SELECT ?1, ?2, value ->> 0, value ->> 1 FROM json_each(?3)",
        &[&Text(deployment), &number, &Json(secrets)],
    )
}

/// Fails the batch unless every secret that a release names is there; see [`super::unless_there`].
pub(crate) fn all_there(deployment: DeploymentId, number: ReleaseNumber) -> Statement {
    Statement::new(
        "INSERT INTO release_secrets (deployment_id) SELECT NULL WHERE EXISTS
             (SELECT 1 FROM release_secrets u WHERE u.deployment_id = ?1 AND u.number = ?2 AND NOT EXISTS
                 (SELECT 1 FROM secret_versions v WHERE v.secret_id = u.secret_id AND v.version = u.version))",
        &[&Text(deployment), &number],
    )
}

/// An encrypted value.
#[derive(serde::Deserialize)]
pub(crate) struct ValueRow {
    pub(crate) name: Name,
    pub(crate) version: SecretVersion,
    pub(crate) value: String,
}

pub(crate) fn values(workspace: WorkspaceId, versions: &BTreeSet<(&Name, SecretVersion)>) -> Statement {
    Statement::new(
        "SELECT s.name, v.version, v.value FROM json_each(?2) j
         JOIN secrets s ON s.workspace_id = ?1 AND s.name = j.value ->> 0
         JOIN secret_versions v ON v.secret_id = s.id AND v.version = j.value ->> 1",
        &[&Text(workspace), &Json(versions)],
    )
}
