//! `POST /api/v1/sign-up`
//!
//! Make an account and log it in. The first account of an installation needs the bootstrap secret that the
//! installation printed, so that a fresh one cannot be taken over by whoever comes first; later ones need it
//! too unless sign-up is open.

use super::Session;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Created, Json},
    name::{Email, Password},
};

declare_api_endpoint! {
    /// Make an account and log it in
    SignUp: POST "/api/v1/sign-up" {
        auth: NoAuth,
        path: {},
        request: Json<Body>,
        response: Created<Session>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub email: Email,
    pub password: Password,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_secret: Option<String>,
}

api_errors! {
    pub enum Error {
        BootstrapSecretNeeded = 403 "bootstrap_secret_needed",
            "this installation asks for its bootstrap secret",
            hint "the local edge prints it on its first start; on Cloudflare it is the secret BOOTSTRAP_SECRET";
        BootstrapSecretWrong = 403 "bootstrap_secret_wrong", "this is not the bootstrap secret of this installation";
        EmailTaken = 409 "email_taken", "there is already an account with this address", hint "log in instead";
    }
}
