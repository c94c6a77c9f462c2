//! People, and how they log in.

use crate::{ids::UserId, name::Email, time::Millis};

pub mod log_in;
pub mod log_out;
pub mod sign_up;
pub mod who_am_i;

/// A person's account.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    pub created_at: Millis,
}

/// A login: the token is shown this once.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Session {
    pub user: User,
    /// Sent as `Authorization: Bearer …`.
    pub token: String,
    pub expires_at: Millis,
}
