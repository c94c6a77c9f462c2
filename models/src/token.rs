//! API tokens: what programs log in with.

use std::net::IpAddr;

use crate::{
    auth::{Access, Grant},
    ids::{TokenId, WorkspaceId},
    managed_url::Network,
    name::Name,
    time::Millis,
};

pub mod create;
pub mod get;
pub mod list;
pub mod revoke;
pub mod rotate;

/// Workspaces that one token may name.
pub const WORKSPACES_MAX: usize = 50;
/// Networks that one token may name.
pub const NETWORKS_MAX: usize = 64;
/// Longest that a replaced secret may stay good, in seconds: a week.
pub const OVERLAP_MAX_S: u32 = 7 * 24 * 3600;

/// An API token of a person. It never may more than the person may at that moment.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Token {
    pub id: TokenId,
    pub name: Name,
    /// What it opens; every workspace of its maker when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<Vec<Opening>>,
    /// Networks that it may be used from; everywhere when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// The token that made it, and is revoked with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<TokenId>,
    pub created_at: Millis,
    /// When it becomes good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// Up to when the secret before this one is good, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_until: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<LastUsed>,
}

/// A workspace that a token opens.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Opening {
    pub workspace: WorkspaceId,
    /// What it may there; whatever its maker may when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
}

impl Opening {
    /// What it may there; `None` is whatever its maker may.
    pub fn access(&self) -> Option<Access> {
        self.grants.as_ref().map(|grants| grants.iter().cloned().collect())
    }
}

/// The last use that was written down. Uses within a minute of it are not.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct LastUsed {
    pub at: Millis,
    /// From which address, where the platform knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
}

/// A token with its secret.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct NewToken {
    #[serde(flatten)]
    pub token: Token,
    /// Begins with `patr_t_`. Not shown again.
    pub secret: String,
}
