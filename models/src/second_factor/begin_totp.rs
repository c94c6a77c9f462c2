//! `POST /api/v1/me/totp`
//!
//! A new seed for an authenticator app. Nothing is asked of it until a first code has shown that it arrived.

use crate::{api_errors, declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Begin to use an authenticator app
    BeginTotp: POST "/api/v1/me/totp" {
        auth: User,
        path: {},
        response: Json<Enrolment>,
        errors: Error,
    }
}

/// What an authenticator app wants to know.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Enrolment {
    /// The seed in base32, to type in.
    pub secret: String,
    /// The same as an `otpauth://` address.
    pub url: String,
    /// The address as a QR code, an SVG image.
    pub qr: String,
}

api_errors! {
    pub enum Error {
        AlreadyOn = 409 "totp_already_on", "an authenticator app is asked already",
            hint "remove it first";
    }
}
