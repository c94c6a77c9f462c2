//! `POST /api/v1/log-in/passkey-options`
//!
//! A challenge for any passkey of this installation. It says nothing about anybody.

use super::RequestOptions;
use crate::{declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Begin to log in, or to prove who one is, with a passkey
    BeginPasskeyLogIn: POST "/api/v1/log-in/passkey-options" {
        auth: NoAuth,
        path: {},
        response: Json<RequestOptions>,
    }
}
