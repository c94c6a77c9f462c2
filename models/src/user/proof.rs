//! What shows that it is really the person, and no one who found a machine unlocked or a password written down.

use crate::passkey::Assertion;

/// What is asked for beside a password.
#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// The six digits of an authenticator app, or a recovery code.
    Code(String),
    /// What an authenticator signed, for a challenge of `BeginPasskeyLogIn`.
    Passkey(Box<Assertion>),
}

/// What is asked for again before something dangerous. One is enough.
#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    Password(String),
    /// The six digits of an authenticator app, or a recovery code.
    Code(String),
    /// What an authenticator signed, for a challenge of `BeginPasskeyLogIn`.
    Passkey(Box<Assertion>),
}
