//! `PATCH /api/v1/workspaces/{workspace}/runners/{runner}`
//!
//! Rename a runner. Nothing that runs notices.

use super::Runner;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, RunnerId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Rename a runner
    RenameRunner: PATCH "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member(RunnerEdit),
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        request: Json<Body>,
        response: Json<Runner>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: Name,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a runner named `{name}` already exists in this workspace";
    }
}
