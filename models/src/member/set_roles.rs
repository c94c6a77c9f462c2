//! `PUT /api/v1/workspaces/{workspace}/members/{member}/roles`
//!
//! Say which roles a member has, from the next request on. Nobody gives or takes a role that allows more than they may do
//! themselves, and a workspace keeps an owner.

use super::{Member, PersonRef};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, RoleId, WorkspaceId},
};

declare_api_endpoint! {
    /// Say which roles a member has
    SetMemberRoles: PUT "/api/v1/workspaces/{workspace}/members/{member}/roles" {
        auth: Member(MemberEdit),
        path: { workspace: Ref<WorkspaceId>, member: PersonRef },
        request: Json<Body>,
        response: Json<Member>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// All of them, by name or id.
    pub roles: Vec<Ref<RoleId>>,
}

api_errors! {
    pub enum Error {
        RoleNotFound { role: String } = 422 "role_not_found", "roles: there is no role `{role}` in this workspace",
            hint "`patr role list` shows those that there are";
        NoRole = 422 "no_role", "roles: a member has at least one",
            hint "`patr member remove` takes somebody out of the workspace";
        TooManyRoles { max: usize } = 422 "too_many_roles", "roles: a member has {max} at most";
        MoreThanYours { role: String, permission: String } = 403 "more_than_yours",
            "`{role}` allows `{permission}` for more than you have it for: you can neither give nor take it",
            hint "ask an owner of the workspace to do this";
        LastOwner = 409 "last_owner", "a workspace needs an owner, and this is the only one",
            hint "make somebody else an owner first";
    }
}
