//! `POST /api/v1/verify-email`
//!
//! Open a link that was sent to prove an address, be it the account's or the one that is to become it.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, NoContent},
};

declare_api_endpoint! {
    /// Prove an e-mail address with what was sent to it
    VerifyEmail: POST "/api/v1/verify-email" {
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
}

api_errors! {
    pub enum Error {
        LinkSpent = 422 "link_spent", "this link was used, is too old, or never was one",
            hint "ask for another one";
        EmailTaken = 409 "email_taken", "there is already an account with this address";
    }
}
