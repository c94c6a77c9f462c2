//! Machines and clusters.

use std::collections::BTreeSet;

use patr_models::{
    auth::Scope,
    ids::{Ref, RunnerId, WorkspaceId},
    internal::observe::Observed,
    name::Name,
    page::ListQuery,
    runner::{Runner, RuntimeKind, connect::PublicKey},
    time::Millis,
};

use super::{Json, Statement, Text, after, filter, in_scope, page_size, scope, unless_there};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: RunnerId,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) name: Name,
    runtime: RuntimeKind,
    pub(crate) revision: u64,
    pub(crate) public_key: Option<PublicKey>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl Row {
    pub(crate) fn with(self, observed: Observed) -> Runner {
        Runner {
            id: self.id,
            name: self.name,
            runtime: self.runtime,
            created_at: self.created_at,
            connection: observed.connection,
            health: observed.report.and_then(|report| report.health),
        }
    }
}

pub(crate) fn insert(workspace: WorkspaceId, runner: &Runner, token_hash: &str) -> Statement {
    Statement::new(
        "INSERT INTO runners (id, workspace_id, name, runtime, token_hash, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            &Text(runner.id),
            &Text(workspace),
            &runner.name.as_str(),
            &runner.runtime.as_str(),
            &token_hash,
            &runner.created_at,
        ],
    )
}

pub(crate) fn by_token(hash: &str) -> Statement {
    Statement::new("SELECT id, workspace_id FROM runners WHERE token_hash = ?1", &[&hash])
}

pub(crate) fn get(workspace: WorkspaceId, reference: &Ref<RunnerId>) -> Statement {
    Statement::new(
        "SELECT * FROM runners WHERE workspace_id = ?1 AND (id = ?2 OR name = ?2)",
        &[&Text(workspace), &Text(reference)],
    )
}

pub(crate) fn by_id(id: RunnerId) -> Statement {
    Statement::new("SELECT * FROM runners WHERE id = ?1", &[&Text(id)])
}

pub(crate) fn list(workspace: WorkspaceId, seen: &Scope, query: &ListQuery) -> Statement {
    let (ids, only) = scope(seen);
    Statement::new(
        concat!(
            "SELECT * FROM runners WHERE workspace_id = ?1 AND id > ?2 AND instr(name, ?3)",
            in_scope!("id"),
            "ORDER BY id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &ids, &only],
    )
}

/// See [`super::unless_there`].
pub(crate) fn there(id: RunnerId) -> Statement {
    Statement::new(unless_there!("runners"), &[&Text(id)])
}

pub(crate) fn rename(id: RunnerId, name: &Name) -> Statement {
    Statement::new("UPDATE runners SET name = ?2 WHERE id = ?1", &[&Text(id), &name.as_str()])
}

pub(crate) fn rotate_token(id: RunnerId, hash: &str) -> Statement {
    Statement::new("UPDATE runners SET token_hash = ?2 WHERE id = ?1", &[&Text(id), &hash])
}

/// What is desired there has changed.
pub(crate) fn touch(id: RunnerId) -> Statement {
    Statement::new("UPDATE runners SET revision = revision + 1 WHERE id = ?1", &[&Text(id)])
}

/// As [`touch`], on each of these.
pub(crate) fn touch_all(ids: &BTreeSet<RunnerId>) -> Statement {
    Statement::new(
        "UPDATE runners SET revision = revision + 1 WHERE id IN (SELECT value FROM json_each(?1))",
        &[&Json(ids)],
    )
}

/// What secrets are sealed with has changed, and with it what is desired.
pub(crate) fn set_public_key(id: RunnerId, key: &PublicKey) -> Statement {
    Statement::new(
        "UPDATE runners SET public_key = ?2, revision = revision + 1 WHERE id = ?1 AND public_key IS NOT ?2",
        &[&Text(id), &key.as_str()],
    )
}

pub(crate) fn volume_count(id: RunnerId) -> Statement {
    Statement::new("SELECT count(*) AS count FROM volumes WHERE runner_id = ?1", &[&Text(id)])
}

pub(crate) fn deployment_count(id: RunnerId) -> Statement {
    Statement::new("SELECT count(*) AS count FROM placements WHERE runner_id = ?1", &[&Text(id)])
}

pub(crate) fn delete(id: RunnerId) -> Vec<Statement> {
    vec![
        Statement::new("DELETE FROM tombstones WHERE runner_id = ?1", &[&Text(id)]),
        Statement::new("DELETE FROM volume_tombstones WHERE runner_id = ?1", &[&Text(id)]),
        Statement::new("DELETE FROM runners WHERE id = ?1", &[&Text(id)]),
    ]
}
