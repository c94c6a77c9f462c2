//! `POST /api/v1/password-reset/finish`
//!
//! Choose a new password with a link that was sent. Every login ends; second factors stay.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, NoContent},
    name::Password,
};

declare_api_endpoint! {
    /// Choose a new password with a link that was sent
    ResetPassword: POST "/api/v1/password-reset/finish" {
        auth: NoAuth,
        path: {},
        request: Json<Body>,
        response: NoContent,
        errors: Error,
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// From the link; begins with `patr_m_`.
    pub token: String,
    pub password: Password,
}

api_errors! {
    pub enum Error {
        LinkSpent = 422 "link_spent", "this link was used, is too old, or never was one",
            hint "ask for another one";
    }
}
