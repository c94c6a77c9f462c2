//! API tokens: what programs log in with.

use crate::{
    ids::{TokenId, WorkspaceId},
    name::Name,
    time::Millis,
};

pub mod create;
pub mod list;
pub mod revoke;

/// An API token of a person. It may do what the person may, in one workspace or in all.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Token {
    pub id: TokenId,
    pub name: Name,
    /// The only workspace that it opens; every one of its owner's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceId>,
    pub created_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
}
