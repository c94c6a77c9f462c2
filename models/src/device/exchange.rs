//! `POST /api/v1/device-authorizations/exchange`
//!
//! Ask whether somebody has let the device in, and get its session then. The codes of the errors are those of RFC 8628, 3.5.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Created, Json},
    user::Session,
};

declare_api_endpoint! {
    /// Get the session of a device that somebody has let in
    ExchangeDeviceCode: POST "/api/v1/device-authorizations/exchange" {
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
    pub device_code: String,
}

api_errors! {
    pub enum Error {
        AuthorizationPending = 400 "authorization_pending", "nobody has let this device in yet",
            hint "ask again after `interval` seconds";
        SlowDown { interval: u32 } = 400 "slow_down", "this was asked too soon",
            hint "wait for {interval} seconds between two questions from now on";
        AccessDenied = 400 "access_denied", "the person has refused to let this device in";
        ExpiredToken = 400 "expired_token", "this code is not good, or not good any more",
            hint "begin anew";
    }
}
