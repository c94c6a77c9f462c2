//! `POST /api/v1/password-reset`
//!
//! Have a link sent with which a new password is chosen. The answer is the same for addresses without an account.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, NoContent},
    name::Email,
};

declare_api_endpoint! {
    /// Ask for a link to choose a new password
    RequestPasswordReset: POST "/api/v1/password-reset" {
        auth: NoAuth,
        path: {},
        request: Json<Body>,
        response: NoContent,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub email: Email,
}

api_errors! {
    pub enum Error {
        MailOff = 409 "mail_off", "this installation sends no mail",
            hint "log in with a passkey, or ask whoever runs it";
    }
}
