//! `POST /api/v1/workspaces/{workspace}/roles`
//!
//! Make a role. Nobody makes one that allows more than they may do themselves.

use super::Role;
use crate::{
    api_errors,
    auth::Grant,
    declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::{Once, Tagged},
    },
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Make a role
    CreateRole: POST "/api/v1/workspaces/{workspace}/roles" {
        auth: Member(RoleCreate),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response_headers: Tagged,
        response: Created<Role>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Unique in the workspace, and not that of a built-in role.
    pub name: Name,
    /// Resources are named by id, secrets by name.
    pub grants: Vec<Grant>,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a role named `{name}` already exists",
            hint "choose another name, or change that one";
        GrantInvalid { problem: String } = 422 "grant_invalid", "grants: {problem}";
        MoreThanYours { permission: String } = 403 "more_than_yours",
            "you cannot give `{permission}` to others for more than you have it for",
            hint "ask an owner of the workspace to do this";
        TooManyRoles { max: usize } = 422 "too_many_roles", "the workspace has {max} roles already, the limit";
    }
}
