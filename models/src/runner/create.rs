//! `POST /api/v1/workspaces/{workspace}/runners`
//!
//! Add a runner. The answer holds the token with which its agent joins.

use super::{RunnerWithToken, RuntimeKind};
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
    /// Add a runner
    CreateRunner: POST "/api/v1/workspaces/{workspace}/runners" {
        auth: Member(RunnerCreate),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response: Created<RunnerWithToken>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: Name,
    pub runtime: RuntimeKind,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a runner named `{name}` already exists in this workspace",
            hint "choose another name, or rotate the token of the one there is";
        /// Answers a repeated `Idempotency-Key`: the token was shown once, and only its hash is stored.
        AlreadyMade { id: RunnerId, name: Name } = 409 "already_made",
            "this request has already made the runner `{name}` ({id}); its token was in the first answer and is not stored",
            hint "if that answer is lost, `patr runner rotate-token {name}` gives a new token";
    }
}
