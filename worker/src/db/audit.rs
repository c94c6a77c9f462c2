//! Who did what.

use patr_models::{
    audit::AuditEntry,
    ids::{AuditId, RequestId, TokenId, UserId, WorkspaceId},
    page::ListQuery,
    time::Millis,
};

use super::{Statement, Text, before, filter, page_size};
use crate::{auth::Actor, ctx::Audited};

pub(crate) fn insert(
    id: AuditId,
    now: Millis,
    request: RequestId,
    who: &impl Actor,
    what: &Audited<'_>,
) -> Statement {
    Statement::new(
        "INSERT INTO audit (id, at, workspace_id, user_id, token_id, action, resource, name, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            &Text(id),
            &now,
            &who.workspace().map(Text),
            &who.user().map(Text),
            &who.token().map(Text),
            &what.action,
            &what.resource,
            &what.name,
            &Text(request),
        ],
    )
}

#[derive(serde::Deserialize)]
pub(crate) struct Row {
    id: AuditId,
    #[serde(deserialize_with = "super::millis")]
    at: Millis,
    user_id: UserId,
    token_id: Option<TokenId>,
    action: String,
    resource: String,
    name: String,
    request_id: RequestId,
}

impl From<Row> for AuditEntry {
    fn from(row: Row) -> Self {
        let Row { id, at, user_id, token_id, action, resource, name, request_id } = row;
        Self { id, at, user: user_id, token: token_id, action, resource, name, request: request_id }
    }
}

pub(crate) fn list(workspace: WorkspaceId, query: &ListQuery) -> Statement {
    Statement::new(
        "SELECT * FROM audit WHERE workspace_id = ?1 AND id < ?2 AND instr(name, ?3) ORDER BY id DESC LIMIT ?4",
        &[&Text(workspace), &before(query), &filter(query), &page_size(query)],
    )
}
