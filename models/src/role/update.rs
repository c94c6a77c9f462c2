//! `PATCH /api/v1/workspaces/{workspace}/roles/{role}`
//!
//! Change a role. Whoever has it may do what it allows from the next request on. Nobody changes one that allows more than
//! they may do themselves, before or after.

use super::Role;
use crate::{
    api_errors,
    auth::Grant,
    declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{Ref, RoleId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Change a role
    UpdateRole: PATCH "/api/v1/workspaces/{workspace}/roles/{role}" {
        auth: Member(RoleEdit),
        path: { workspace: Ref<WorkspaceId>, role: Ref<RoleId> },
        request_headers: IfMatch,
        request: Json<Body>,
        response_headers: Tagged,
        response: Json<Role>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// All of them; unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
}

api_errors! {
    pub enum Error {
        BuiltIn { name: Name } = 409 "role_is_built_in", "`{name}` is the same in every workspace and cannot be changed",
            hint "make a role of your own with `patr role create`";
        NameTaken { name: Name } = 409 "name_taken", "a role named `{name}` already exists";
        GrantInvalid { problem: String } = 422 "grant_invalid", "grants: {problem}";
        MoreThanYours { permission: String } = 403 "more_than_yours",
            "the role has, or would have, `{permission}` for more than you have it for",
            hint "ask an owner of the workspace to do this";
    }
}
