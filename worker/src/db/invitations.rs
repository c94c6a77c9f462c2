//! Links to become a member, by what they hash to.

use patr_models::{
    ids::{InvitationId, UserId, WorkspaceId},
    invitation::Invitation,
    name::Email,
    page::ListQuery,
    role::RoleKey,
    time::Millis,
};

use super::{
    Json, Statement, Text, after, filter, page_size,
    roles::{Held, held, in_order},
    unless_there,
};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: InvitationId,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) email: Option<Email>,
    pub(crate) created_by: UserId,
    made_by: Email,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis")]
    expires_at: Millis,
    #[serde(deserialize_with = "in_order")]
    pub(crate) held: Vec<Held>,
}

impl From<Row> for Invitation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            email: row.email,
            roles: row.held.iter().filter_map(Held::model).collect(),
            created_by: row.made_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.*, u.email AS made_by, ",
            held!("invitation_roles", "h.invitation_id = i.id"),
            " AS held FROM invitations i JOIN users u ON u.id = i.created_by ",
            $rest
        )
    };
}

pub(crate) fn get(workspace: WorkspaceId, id: InvitationId) -> Statement {
    Statement::new(select!("WHERE i.workspace_id = ?1 AND i.id = ?2"), &[&Text(workspace), &Text(id)])
}

pub(crate) fn by_hash(hash: &str, now: Millis) -> Statement {
    Statement::new(select!("WHERE i.hash = ?1 AND i.expires_at > ?2"), &[&hash, &now])
}

pub(crate) fn list(workspace: WorkspaceId, now: Millis, query: &ListQuery) -> Statement {
    Statement::new(
        select!(
            "WHERE i.workspace_id = ?1 AND i.id > ?2 AND instr(coalesce(i.email, ''), ?3) AND i.expires_at > ?5
             ORDER BY i.id LIMIT ?4"
        ),
        &[&Text(workspace), &after(query), &filter(query), &page_size(query), &now],
    )
}

pub(crate) fn count(workspace: WorkspaceId) -> Statement {
    Statement::new("SELECT count(*) AS count FROM invitations WHERE workspace_id = ?1", &[&Text(workspace)])
}

/// A link to be given out.
pub(crate) struct New<'a> {
    pub(crate) id: InvitationId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) hash: &'a str,
    pub(crate) email: Option<&'a Email>,
    pub(crate) roles: &'a [RoleKey],
    pub(crate) by: UserId,
    pub(crate) now: Millis,
    pub(crate) expires_at: Millis,
}

pub(crate) fn insert(new: &New<'_>) -> [Statement; 2] {
    [
        Statement::new(
            "INSERT INTO invitations (id, workspace_id, hash, email, created_by, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[
                &Text(new.id),
                &Text(new.workspace),
                &new.hash,
                &new.email.map(Email::as_str),
                &Text(new.by),
                &new.now,
                &new.expires_at,
            ],
        ),
        Statement::new(
            "INSERT INTO invitation_roles (invitation_id, role) SELECT ?1, value FROM json_each(?2)",
            &[&Text(new.id), &Json(new.roles)],
        ),
    ]
}

/// Uses a link, or revokes it. Fails as a whole when somebody was faster; see [`super::unless_there`].
pub(crate) fn delete(id: InvitationId) -> [Statement; 2] {
    [
        Statement::new(unless_there!("invitations"), &[&Text(id)]),
        Statement::new("DELETE FROM invitations WHERE id = ?1", &[&Text(id)]),
    ]
}

/// Forgets those that nobody can use any more.
pub(super) fn sweep(now: Millis) -> Statement {
    Statement::new("DELETE FROM invitations WHERE expires_at <= ?1", &[&now])
}
