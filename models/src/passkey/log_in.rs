//! `POST /api/v1/log-in/passkey`
//!
//! Log in with a passkey alone: it was unlocked by the person, so it is two factors in one.

use super::Assertion;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Created, Json},
    user::Session,
};

declare_api_endpoint! {
    /// Log in with a passkey
    LogInWithPasskey: POST "/api/v1/log-in/passkey" {
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
    pub credential: Assertion,
}

api_errors! {
    pub enum Error {
        WrongPasskey = 401 "wrong_passkey", "this passkey lets nobody in here",
            hint "begin again: a challenge is good once and for five minutes";
    }
}
