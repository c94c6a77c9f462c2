//! `POST /api/v1/log-in`
//!
//! Log in with address and password. An unknown address answers as a wrong password does, after the same work. An account
//! with a second factor is told so once the password is right; the same call with it then succeeds.

use super::{Session, proof::SecondFactor};
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
    /// For accounts that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
}

api_errors! {
    pub enum Error {
        WrongPassword = 401 "wrong_password", "the address or the password is wrong";
        /// `ways` is a list of `code`, `passkey` and `recovery code`.
        SecondFactorNeeded { ways: String } = 401 "second_factor_needed",
            "the password is right, and this account wants more: {ways}",
            hint "send the same again with `second_factor`";
        WrongSecondFactor = 401 "wrong_second_factor", "the password is right and the second factor is not",
            hint "a code is good once and for half a minute: look at the clock of the device that shows it";
    }
}
