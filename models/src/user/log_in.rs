//! `POST /api/v1/log-in`
//!
//! Log in with address and password. An unknown address answers as a wrong password does, after the same work.

use super::Session;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Created, Json},
    name::Email,
};

declare_api_endpoint! {
    /// Log in with address and password
    LogIn: POST "/api/v1/log-in" {
        auth: NoAuth,
        path: {},
        request: Json<Body>,
        response: Created<Session>,
        errors: Error,
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub email: Email,
    /// Not checked for length, so that nothing is learnt from the answer.
    pub password: String,
}

api_errors! {
    pub enum Error {
        WrongPassword = 401 "wrong_password", "the address or the password is wrong";
    }
}
