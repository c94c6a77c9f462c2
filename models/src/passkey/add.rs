//! `POST /api/v1/me/passkeys`
//!
//! Add a passkey that a browser has made. With the first second factor come recovery codes.

use super::{Attestation, Passkey};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Created, Json},
    name::Label,
};

declare_api_endpoint! {
    /// Add a passkey
    AddPasskey: POST "/api/v1/me/passkeys" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: Created<Added>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// What tells it from others, as in `laptop`.
    pub name: Label,
    pub credential: Attestation,
}

/// A passkey that was added.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Added {
    #[serde(flatten)]
    pub passkey: Passkey,
    /// Where there were none before. Not shown again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<String>,
}

api_errors! {
    pub enum Error {
        NotVerified { problem: String } = 422 "passkey_not_verified", "this passkey cannot be taken: {problem}",
            hint "begin again: a challenge is good once and for five minutes";
        Taken = 409 "passkey_taken", "this passkey is there already";
        TooMany { limit: usize } = 409 "too_many_passkeys", "an account has at most {limit} passkeys",
            hint "remove one that is not used any more";
    }
}
