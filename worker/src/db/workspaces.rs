//! Tenants and their members.

use patr_models::{
    auth::Access,
    ids::{Ref, UserId, WorkspaceId},
    name::WorkspaceName,
    page::ListQuery,
    role::{BuiltIn, HeldRole, RoleKey},
    time::Millis,
    workspace::Workspace,
};

use super::{
    Json, Statement, Text, after, filter, members, page_size,
    roles::{Held, held},
    unless_there,
};

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

/// Somebody's place in a workspace.
#[derive(serde::Deserialize)]
pub(crate) struct Membership {
    pub(crate) id: WorkspaceId,
    pub(crate) name: WorkspaceName,
    #[serde(deserialize_with = "super::from_json")]
    held: Vec<Held>,
}

impl Membership {
    /// What any of the roles allows.
    pub(crate) fn access(&self) -> Access {
        self.held.iter().flat_map(Held::grants).collect()
    }

    pub(crate) fn roles(&self) -> Vec<HeldRole> {
        self.held.iter().filter_map(Held::model).collect()
    }
}

/// A workspace and all that somebody may do there, in one go: every request about a workspace asks this.
pub(crate) fn membership(user: UserId, reference: &Ref<WorkspaceId>) -> Statement {
    Statement::new(
        concat!(
            "SELECT w.id, w.name, ",
            held!("member_roles", "h.workspace_id = m.workspace_id AND h.user_id = m.user_id"),
            " AS held FROM workspaces w JOIN members m ON m.workspace_id = w.id
             WHERE m.user_id = ?1 AND (w.id = ?2 OR w.name = ?2)"
        ),
        &[&Text(user), &Text(reference)],
    )
}

pub(crate) fn insert(workspace: &Workspace, owner: UserId) -> Vec<Statement> {
    let mut statements = vec![Statement::new(
        "INSERT INTO workspaces (id, name, created_at) VALUES (?1, ?2, ?3)",
        &[&Text(workspace.id), &workspace.name.as_str(), &workspace.created_at],
    )];
    let roles = [RoleKey::BuiltIn(BuiltIn::Owner)];
    statements.extend(members::join(workspace.id, owner, &roles, workspace.created_at));
    statements
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
