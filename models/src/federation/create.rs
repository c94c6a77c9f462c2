//! `POST /api/v1/workspaces/{workspace}/federations`
//!
//! Trust an issuer of ID tokens. It is asked for its keys before anything is written.

use std::collections::BTreeMap;

use super::{Audience, Federation, Issuer, Pattern};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{Ref, RoleId, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Trust the identities that an issuer gives to jobs
    CreateFederation: POST "/api/v1/workspaces/{workspace}/federations" {
        auth: Member(MemberInvite),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response: Created<Federation>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Unique in the workspace.
    pub name: Name,
    pub issuer: Issuer,
    /// What its tokens must be for; the address of this installation when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// What the claims of a token must be, all of them; `*` stands for any text.
    pub conditions: BTreeMap<String, Pattern>,
    /// What whoever shows such a token is in the workspace, by name or id.
    pub roles: Vec<Ref<RoleId>>,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a federation named `{name}` is already there",
            hint "choose another name, or remove the old one";
        /// At GitHub or GitLab anybody has a branch `main`.
        AnyonesJobs = 422 "anyones_jobs",
            "conditions: they do not say whose jobs are meant, so that everybody's with the same issuer would be",
            hint "add `sub`, `repository`, `project_path` or the like, beginning with more than `*`";
        Unclear { problem: String } = 422 "federation_invalid", "{problem}";
        IssuerUnusable { problem: String } = 422 "issuer_unusable", "issuer: {problem}",
            hint "its tokens are checked with the keys that it publishes under `/.well-known/openid-configuration`";
        RoleNotFound { role: String } = 422 "role_not_found", "roles: there is no role `{role}` in this workspace",
            hint "`patr role list` shows those that there are";
        NoRole = 422 "no_role", "roles: say at least one";
        TooManyRoles { max: usize } = 422 "too_many_roles", "roles: a job has {max} at most";
        MoreThanYours { role: String, permission: String } = 403 "more_than_yours",
            "`{role}` allows `{permission}` for more than you have it for: you cannot give it to a job",
            hint "ask an owner of the workspace to do this";
    }
}
