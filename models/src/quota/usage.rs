//! `GET /api/v1/workspaces/{workspace}/usage`
//!
//! How much a workspace has, and how much it may have.

use super::Usage;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
};

/// Everything that is counted.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Usages {
    pub items: Vec<Usage>,
}

declare_api_endpoint! {
    /// Show how much a workspace has, and how much it may have
    GetUsage: GET "/api/v1/workspaces/{workspace}/usage" {
        auth: Member(WorkspaceView),
        path: { workspace: Ref<WorkspaceId> },
        response: Json<Usages>,
    }
}
