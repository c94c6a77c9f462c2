//! API tokens.

use patr_models::{
    ids::{Ref, TokenId, UserId, WorkspaceId},
    name::Name,
    page::ListQuery,
    time::Millis,
    token::Token,
};

use super::{Statement, Text, after, filter, page_size, unless_there};

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) id: TokenId,
    pub(crate) name: Name,
    workspace_id: Option<WorkspaceId>,
    #[serde(deserialize_with = "super::millis")]
    created_at: Millis,
    #[serde(deserialize_with = "super::millis_option")]
    expires_at: Option<Millis>,
}

impl From<Row> for Token {
    fn from(row: Row) -> Self {
        let Row { id, name, workspace_id, created_at, expires_at } = row;
        Self { id, name, workspace: workspace_id, created_at, expires_at }
    }
}

pub(crate) fn insert(token: &Token, user: UserId, hash: &str) -> Statement {
    Statement::new(
        "INSERT INTO tokens (id, user_id, name, hash, workspace_id, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            &Text(token.id),
            &Text(user),
            &token.name.as_str(),
            &hash,
            &token.workspace.map(Text),
            &token.created_at,
            &token.expires_at,
        ],
    )
}

pub(crate) fn by_hash(hash: &str, now: Millis) -> Statement {
    Statement::new(
        "SELECT user_id, id AS token_id, workspace_id, expires_at FROM tokens
         WHERE hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
        &[&hash, &now],
    )
}

/// One token; a limited caller sees only those that are as limited.
pub(crate) fn get(user: UserId, reference: &Ref<TokenId>, only: Option<WorkspaceId>) -> Statement {
    Statement::new(
        "SELECT id, name, workspace_id, created_at, expires_at FROM tokens
         WHERE user_id = ?1 AND (id = ?2 OR name = ?2) AND (?3 IS NULL OR workspace_id = ?3)",
        &[&Text(user), &Text(reference), &only.map(Text)],
    )
}

pub(crate) fn list(user: UserId, only: Option<WorkspaceId>, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT id, name, workspace_id, created_at, expires_at FROM tokens
         WHERE user_id = ?1 AND (?2 IS NULL OR workspace_id = ?2) AND id > ?3 AND instr(name, ?4)
         ORDER BY id LIMIT ?5",
        &[&Text(user), &only.map(Text), &after(query), &filter(query), &page_size(query)],
    )
}

/// See [`super::unless_there`].
pub(crate) fn there(id: TokenId) -> Statement {
    Statement::new(unless_there!("tokens"), &[&Text(id)])
}

pub(crate) fn delete(id: TokenId) -> Statement {
    Statement::new("DELETE FROM tokens WHERE id = ?1", &[&Text(id)])
}

/// Revokes all of somebody's.
pub(crate) fn forget_all(user: UserId) -> Statement {
    Statement::new("DELETE FROM tokens WHERE user_id = ?1", &[&Text(user)])
}
