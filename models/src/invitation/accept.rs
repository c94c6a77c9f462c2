//! `POST /api/v1/invitations/accept`
//!
//! Become a member by a link, with the account that calls. A member already gets the link's roles besides those there are.

use crate::{api_errors, declare_api_endpoint, endpoint::body::Json, name::Email, workspace::Workspace};

declare_api_endpoint! {
    /// Become a member by a link
    AcceptInvitation: POST "/api/v1/invitations/accept" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: Json<Workspace>,
        errors: Error,
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// What the link ends with: it begins with `patr_i_`.
    pub invitation: String,
}

api_errors! {
    pub enum Error {
        LoginNeeded = 403 "login_needed", "an API token cannot join a workspace for you",
            hint "log in and join yourself";
        /// Uniform: a link that never was, and one that was.
        NotGood = 404 "invitation_not_good", "this link is not good: it was used, was revoked, or has expired",
            hint "ask whoever sent it for another";
        ForAnother { email: Email } = 403 "invitation_for_another",
            "this invitation is for somebody else, and you are logged in as `{email}`",
            hint "log in with the account of the address that it was sent to";
    }
}
