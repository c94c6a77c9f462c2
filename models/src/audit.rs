//! Who did what.

use crate::{
    ids::{AuditId, RequestId, TokenId, UserId},
    time::Millis,
};

pub mod list;

/// One write.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Millis,
    pub user: UserId,
    /// The API token that the user acted through; absent for a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The endpoint, as in the OpenAPI document.
    pub action: String,
    /// The id of what was written.
    pub resource: String,
    /// Its name at that time.
    pub name: String,
    pub request: RequestId,
}
