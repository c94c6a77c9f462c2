//! `PUT /api/v1/me/totp`
//!
//! Show that the seed arrived. From now on a login asks for a code. With the first second factor come recovery codes.

use super::RecoveryCodes;
use crate::{api_errors, declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Have an authenticator app asked at every login
    EnableTotp: PUT "/api/v1/me/totp" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: Json<RecoveryCodes>,
        errors: Error,
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The six digits that the app shows.
    pub code: String,
}

api_errors! {
    pub enum Error {
        WrongCode = 422 "wrong_code", "this is not the code of now",
            hint "look at the clock of the device that shows it, or begin again";
        NotBegun = 409 "totp_not_begun", "there is no seed that waits for its first code", hint "begin first";
    }
}
