//! What is asked for beside a password: an authenticator app (TOTP, RFC 6238), passkeys, and recovery codes for when both
//! are lost.

use crate::{passkey::Passkey, time::Millis};

pub mod begin_totp;
pub mod enable_totp;
pub mod get;
pub mod new_recovery_codes;
pub mod remove_totp;

/// The second factors of an account.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct SecondFactors {
    /// Since when an authenticator app is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_since: Option<Millis>,
    pub passkeys: Vec<Passkey>,
    /// How many recovery codes are unused.
    pub recovery_codes_left: u64,
}

/// Recovery codes, each good once. Not shown again.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}
