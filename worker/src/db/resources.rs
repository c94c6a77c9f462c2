//! The ids of what paths name, whatever it is.

use patr_models::{auth::ResourceType, ids::WorkspaceId};

use super::{Statement, Text};

#[derive(serde::Deserialize)]
pub(crate) struct Id {
    pub(crate) id: String,
}

macro_rules! by_name_or_id {
    ($table:literal) => {
        concat!("SELECT id FROM ", $table, " WHERE workspace_id = ?1 AND (id = ?2 OR name = ?2)")
    };
}

/// The id of a resource that is named by id or name; `None` for types that have no ids of that kind.
pub(crate) fn id(kind: ResourceType, workspace: WorkspaceId, named: &str) -> Option<Statement> {
    let sql = match kind {
        ResourceType::Runner => by_name_or_id!("runners"),
        ResourceType::Deployment => by_name_or_id!("deployments"),
        ResourceType::Volume => by_name_or_id!("volumes"),
        ResourceType::Site => by_name_or_id!("sites"),
        ResourceType::Url => "SELECT id FROM managed_urls WHERE workspace_id = ?1 AND id = ?2",
        ResourceType::Secret
        | ResourceType::Workspace
        | ResourceType::Member
        | ResourceType::Role
        | ResourceType::Audit => return None,
    };
    Some(Statement::new(sql, &[&Text(workspace), &named]))
}
