//! People in workspaces.

use patr_models::{
    ids::{UserId, WorkspaceId},
    member::{Member, PersonRef},
    name::Email,
    page::ListQuery,
    role::{BuiltIn, RoleKey},
    time::Millis,
};

use super::{
    Json, Statement, Text, after, filter, page_size,
    roles::{Held, held, in_order},
};

/// A workspace that somebody is a member of.
#[derive(serde::Deserialize)]
pub(crate) struct In {
    pub(crate) workspace_id: WorkspaceId,
}

/// Everywhere that somebody is a member.
pub(crate) fn of(user: UserId) -> Statement {
    Statement::new("SELECT workspace_id FROM members WHERE user_id = ?1", &[&Text(user)])
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) user_id: UserId,
    pub(crate) email: Email,
    #[serde(deserialize_with = "super::millis")]
    joined_at: Millis,
    #[serde(deserialize_with = "in_order")]
    pub(crate) held: Vec<Held>,
}

impl Row {
    pub(crate) fn is_owner(&self) -> bool {
        self.held.iter().any(|held| held.key == RoleKey::BuiltIn(BuiltIn::Owner))
    }
}

impl From<Row> for Member {
    fn from(row: Row) -> Self {
        let roles = row.held.iter().filter_map(Held::model).collect();
        Self { user: row.user_id, email: row.email, roles, joined_at: row.joined_at }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.user_id, m.joined_at, u.email, ",
            held!("member_roles", "h.workspace_id = m.workspace_id AND h.user_id = m.user_id"),
            " AS held FROM members m JOIN users u ON u.id = m.user_id ",
            $rest
        )
    };
}

pub(crate) fn get(workspace: WorkspaceId, person: &PersonRef) -> Statement {
    Statement::new(
        select!("WHERE m.workspace_id = ?1 AND (u.id = ?2 OR u.email = ?2)"),
        &[&Text(workspace), &Text(person)],
    )
}

pub(crate) fn list(workspace: WorkspaceId, query: &ListQuery) -> Statement {
    Statement::new(
        select!(
            "WHERE m.workspace_id = ?1 AND m.user_id > ?2 AND instr(u.email, ?3) ORDER BY m.user_id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query)],
    )
}

/// Makes somebody a member with these roles; a member already has them besides.
pub(crate) fn join(workspace: WorkspaceId, user: UserId, roles: &[RoleKey], now: Millis) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO members (workspace_id, user_id, joined_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            &[&Text(workspace), &Text(user), &now],
        ),
        give(workspace, user, roles),
    ]
}

fn give(workspace: WorkspaceId, user: UserId, roles: &[RoleKey]) -> Statement {
    // Without a condition what follows would be read as that of a join.
    Statement::new(
        "INSERT INTO member_roles (workspace_id, user_id, role) SELECT ?1, ?2, value FROM json_each(?3) WHERE true
         ON CONFLICT DO NOTHING",
        &[&Text(workspace), &Text(user), &Json(roles)],
    )
}

/// Fails the batch unless somebody is a member: a null where none may be.
fn there(workspace: WorkspaceId, user: UserId) -> Statement {
    Statement::new(
        "INSERT INTO members (user_id) SELECT NULL
         WHERE NOT EXISTS (SELECT 1 FROM members WHERE workspace_id = ?1 AND user_id = ?2)",
        &[&Text(workspace), &Text(user)],
    )
}

/// Fails the batch when it leaves a workspace without an owner.
fn owned(workspace: WorkspaceId) -> Statement {
    Statement::new(
        "INSERT INTO members (user_id) SELECT NULL
         WHERE NOT EXISTS (SELECT 1 FROM member_roles WHERE workspace_id = ?1 AND role = 'owner')",
        &[&Text(workspace)],
    )
}

/// Gives a member these roles and no others.
pub(crate) fn set_roles(workspace: WorkspaceId, user: UserId, roles: &[RoleKey]) -> [Statement; 4] {
    [
        there(workspace, user),
        Statement::new(
            "DELETE FROM member_roles WHERE workspace_id = ?1 AND user_id = ?2",
            &[&Text(workspace), &Text(user)],
        ),
        give(workspace, user, roles),
        owned(workspace),
    ]
}

pub(crate) fn remove(workspace: WorkspaceId, user: UserId) -> [Statement; 3] {
    [
        there(workspace, user),
        Statement::new(
            "DELETE FROM members WHERE workspace_id = ?1 AND user_id = ?2",
            &[&Text(workspace), &Text(user)],
        ),
        owned(workspace),
    ]
}

/// Counts the owners besides somebody.
pub(crate) fn other_owners(workspace: WorkspaceId, user: UserId) -> Statement {
    Statement::new(
        "SELECT count(*) AS count FROM member_roles WHERE workspace_id = ?1 AND role = 'owner' AND user_id <> ?2",
        &[&Text(workspace), &Text(user)],
    )
}
