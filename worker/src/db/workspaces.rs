//! Tenants and their members.

use patr_models::{
    ids::{Ref, UserId, WorkspaceId},
    name::WorkspaceName,
    page::ListQuery,
    time::Millis,
    workspace::Workspace,
};

use super::{Json, Statement, Text, after, filter, page_size, unless_there};
use crate::auth::Role;

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    id: WorkspaceId,
    name: WorkspaceName,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
}

impl From<Row> for Workspace {
    fn from(row: Row) -> Self {
        Self { id: row.id, name: row.name, created_at: row.created_at }
    }
}

#[derive(serde::Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: WorkspaceId,
    pub(crate) name: WorkspaceName,
    pub(crate) role: Role,
}

pub(crate) fn membership(user: UserId, reference: &Ref<WorkspaceId>) -> Statement {
    Statement::new(
        "SELECT w.id, w.name, m.role FROM workspaces w JOIN members m ON m.workspace_id = w.id
         WHERE m.user_id = ?1 AND (w.id = ?2 OR w.name = ?2)",
        &[&Text(user), &Text(reference)],
    )
}

pub(crate) fn insert(workspace: &Workspace, owner: UserId) -> Vec<Statement> {
    let id = Text(workspace.id);
    vec![
        Statement::new(
            "INSERT INTO workspaces (id, name, created_at) VALUES (?1, ?2, ?3)",
            &[&id, &workspace.name.as_str(), &workspace.created_at],
        ),
        Statement::new(
            "INSERT INTO members (workspace_id, user_id, role) VALUES (?1, ?2, 'owner')",
            &[&id, &Text(owner)],
        ),
    ]
}

pub(crate) fn get(id: WorkspaceId) -> Statement {
    Statement::new("SELECT * FROM workspaces WHERE id = ?1", &[&Text(id)])
}

pub(crate) fn list(user: UserId, only: Option<Vec<WorkspaceId>>, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT w.* FROM workspaces w JOIN members m ON m.workspace_id = w.id
         WHERE m.user_id = ?1 AND (?2 IS NULL OR w.id IN (SELECT value FROM json_each(?2))) AND m.workspace_id > ?3 AND instr(w.name, ?4)
         ORDER BY m.workspace_id LIMIT ?5",
        &[&Text(user), &only.map(Json), &after(query), &filter(query), &page_size(query)],
    )
}

/// See [`super::unless_there`].
pub(crate) fn there(id: WorkspaceId) -> Statement {
    Statement::new(unless_there!("workspaces"), &[&Text(id)])
}

pub(crate) fn rename(id: WorkspaceId, name: &WorkspaceName) -> Statement {
    Statement::new("UPDATE workspaces SET name = ?2 WHERE id = ?1", &[&Text(id), &name.as_str()])
}

/// How much of each kind a workspace holds.
#[derive(serde::Deserialize)]
pub(crate) struct Holds {
    pub(crate) runners: u64,
    pub(crate) deployments: u64,
    pub(crate) sites: u64,
    pub(crate) urls: u64,
    pub(crate) secrets: u64,
    pub(crate) volumes: u64,
}

pub(crate) fn holds(id: WorkspaceId) -> Statement {
    Statement::new(
        "SELECT (SELECT count(*) FROM runners WHERE workspace_id = ?1) AS runners,
                (SELECT count(*) FROM deployments WHERE workspace_id = ?1) AS deployments,
                (SELECT count(*) FROM sites WHERE workspace_id = ?1) AS sites,
                (SELECT count(*) FROM managed_urls WHERE workspace_id = ?1) AS urls,
                (SELECT count(*) FROM secrets WHERE workspace_id = ?1 AND deleted_at IS NULL) AS secrets,
                (SELECT count(*) FROM volumes WHERE workspace_id = ?1) AS volumes",
        &[&Text(id)],
    )
}

/// Foreign keys refuse it while anything is left, a host included: one that is still there is still in KV.
pub(crate) fn delete(id: WorkspaceId) -> Vec<Statement> {
    vec![Statement::new("DELETE FROM workspaces WHERE id = ?1", &[&Text(id)])]
}
