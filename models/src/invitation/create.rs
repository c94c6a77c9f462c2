//! `POST /api/v1/workspaces/{workspace}/invitations`
//!
//! Make a link with which one person becomes a member. It is answered this once and stored only as a hash. Nobody invites to
//! more than they may do themselves.

use super::Invitation;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{InvitationId, Ref, RoleId, WorkspaceId},
    name::Email,
};

/// How long a link is good when the caller does not say, and at most, in seconds.
pub const LASTS_S: u32 = 7 * 24 * 3600;
pub const LASTS_S_MAX: u32 = 30 * 24 * 3600;

declare_api_endpoint! {
    /// Make a link with which somebody becomes a member
    CreateInvitation: POST "/api/v1/workspaces/{workspace}/invitations" {
        auth: Member(MemberInvite),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response: Created<NewInvitation>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// By name or id.
    pub roles: Vec<Ref<RoleId>>,
    /// The only address whose account can use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// How long it is good, in seconds; a week when absent, 30 days at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts_s: Option<u32>,
}

/// An invitation with its link.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct NewInvitation {
    #[serde(flatten)]
    pub invitation: Invitation,
    /// Whoever has it can use it. Not shown again.
    pub link: String,
}

api_errors! {
    pub enum Error {
        RoleNotFound { role: String } = 422 "role_not_found", "roles: there is no role `{role}` in this workspace",
            hint "`patr role list` shows those that there are";
        NoRole = 422 "no_role", "roles: say at least one";
        TooManyRoles { max: usize } = 422 "too_many_roles", "roles: a member has {max} at most";
        MoreThanYours { role: String, permission: String } = 403 "more_than_yours",
            "`{role}` allows `{permission}` for more than you have it for: you cannot invite to it",
            hint "ask an owner of the workspace to do this";
        Lasts { max: u32 } = 422 "lasts_invalid", "lasts_s: use 1 to {max}";
        TooManyInvitations { max: usize } = 422 "too_many_invitations",
            "{max} invitations of the workspace have not been used, the limit", hint "revoke some first";
        AlreadyMember { email: Email } = 409 "already_member", "`{email}` is a member already",
            hint "`patr member set-roles` gives other roles";
        /// Answers a repeated `Idempotency-Key`: the link was shown once, and only its hash is stored.
        AlreadyMade { id: InvitationId } = 409 "already_made",
            "this request has already made the invitation {id}; its link was in the first answer and is not stored",
            hint "if that answer is lost, `patr member revoke-invitation {id}` and make another with a new `Idempotency-Key`";
    }
}
