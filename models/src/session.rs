//! Logins that are good.

use crate::{ids::SessionId, time::Millis};

pub mod end;
pub mod end_others;
pub mod list;

/// A login of a person, without what it is proved by.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct LogIn {
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// What the browser or program called itself; empty where it did not.
    pub device: String,
    /// Where it came from when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub created_at: Millis,
    /// To within some minutes.
    pub last_used_at: Millis,
    pub expires_at: Millis,
}
