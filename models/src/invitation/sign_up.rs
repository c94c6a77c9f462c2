//! `POST /api/v1/invitations/sign-up`
//!
//! Make an account and become a member by a link, also where sign-up is closed.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Created, Json},
    name::{Email, Password},
    user::Session,
    workspace::Workspace,
};

declare_api_endpoint! {
    /// Make an account and become a member by a link
    SignUpByInvitation: POST "/api/v1/invitations/sign-up" {
        auth: NoAuth,
        path: {},
        request: Json<Body>,
        response: Created<Joined>,
        errors: Error,
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// What the link ends with: it begins with `patr_i_`.
    pub invitation: String,
    pub email: Email,
    pub password: Password,
}

/// A login of the new account, and where it is a member.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Joined {
    #[serde(flatten)]
    pub session: Session,
    pub workspace: Workspace,
}

api_errors! {
    pub enum Error {
        NotGood = 404 "invitation_not_good", "this link is not good: it was used, was revoked, or has expired",
            hint "ask whoever sent it for another";
        ForAnother = 403 "invitation_for_another", "this invitation is for another address",
            hint "sign up with the address that it was sent to";
        EmailTaken = 409 "email_taken", "there is already an account with this address",
            hint "log in first, then use the link";
    }
}
