//! `POST /api/v1/me/recovery-codes`
//!
//! Ten new recovery codes; those before are worthless.

use super::RecoveryCodes;
use crate::{api_errors, declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Make new recovery codes in place of the old ones
    NewRecoveryCodes: POST "/api/v1/me/recovery-codes" {
        auth: User,
        path: {},
        response: Json<RecoveryCodes>,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        NoSecondFactor = 409 "no_second_factor", "there is no second factor to recover from",
            hint "add an authenticator app or a passkey first";
    }
}
