//! `GET /api/v1/workspaces/{workspace}/audit`
//!
//! What was done in a workspace, and what was refused, newest first.

use super::{AuditEntry, Outcome};
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{Cursor, ListQuery, Page},
    time::Millis,
};

/// Which lines, and how many. Each one narrows what the others leave.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// 1 to 200; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Only about resources whose name contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only by this user, token or session: an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only this action, as in `CreateRunner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only about this resource: an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Only from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Millis>,
    /// Only before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Millis>,
}

impl Query {
    /// The part that every list has.
    pub fn page(&self) -> ListQuery {
        ListQuery { limit: self.limit, cursor: self.cursor.clone(), name: self.name.clone() }
    }
}

declare_api_endpoint! {
    /// List what was done in a workspace and what was refused, newest first
    ListAudit: GET "/api/v1/workspaces/{workspace}/audit" {
        auth: Member(AuditView),
        path: { workspace: Ref<WorkspaceId> },
        query: Query,
        response: Json<Page<AuditEntry>>,
    }
}
