//! The tenant, which owns every other resource.

use crate::{ids::WorkspaceId, name::WorkspaceName, time::Millis};

pub mod create;
pub mod delete;
pub mod get;
pub mod leave;
pub mod list;
pub mod permissions;
pub mod rename;

/// A tenant.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: WorkspaceName,
    pub created_at: Millis,
}
