//! `POST /api/v1/workspaces/{workspace}/volumes`
//!
//! Make a volume on a runner.

use super::Volume;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{Ref, RunnerId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Make a volume
    CreateVolume: POST "/api/v1/workspaces/{workspace}/volumes" {
        auth: Member(VolumeCreate),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response: Created<Volume>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: Name,
    pub runner: Ref<RunnerId>,
    /// Whether several replicas may write to it at once.
    #[serde(default)]
    pub shared: bool,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a volume named `{name}` already exists in this workspace";
        RunnerNotFound { runner: String } = 422 "runner_not_found", "runner: there is no runner `{runner}` in this workspace",
            hint "`patr runner list` shows the runners; `patr runner add` adds one";
    }
}
