//! `POST /api/v1/workspaces`
//!
//! Make a workspace; the caller becomes its owner.

use super::Workspace;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    name::WorkspaceName,
};

declare_api_endpoint! {
    /// Make a workspace and own it
    CreateWorkspace: POST "/api/v1/workspaces" {
        auth: User,
        path: {},
        request_headers: Once,
        request: Json<Body>,
        response: Created<Workspace>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Becomes part of the automatic hosts: `NAME-WORKSPACE.<apps domain>`.
    pub name: WorkspaceName,
}

api_errors! {
    pub enum Error {
        NameTaken { name: WorkspaceName } = 409 "name_taken", "a workspace named `{name}` already exists",
            hint "names of workspaces are unique in an installation; choose another";
        TokenTooNarrow = 403 "token_too_narrow", "a token that is limited to a workspace cannot make another";
    }
}
