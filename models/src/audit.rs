//! Who did what, in chains of which nothing can be changed unnoticed.

use serde_json::Value;

use crate::{
    ids::{AuditId, RequestId, SessionId, TokenId, UserId},
    time::Millis,
};

pub mod account;
pub mod canonical;
pub mod export;
pub mod export_account;
pub mod list;
pub mod verify;

/// The `prev` of the first line of a chain.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The action of a line that says which lines before it were removed because of their age.
pub const RETENTION: &str = "ForgetAudit";

/// How it ended.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Refused,
}

impl Outcome {
    pub const ALL: [Self; 2] = [Self::Done, Self::Refused];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One write, one login, or one of either that was refused.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct AuditEntry {
    pub id: AuditId,
    /// What the line is chained with: the id of a workspace, or of the account when it belongs to no workspace; `none` when
    /// it belongs to no account either.
    pub chain: String,
    /// Its number in the chain, from 1.
    pub seq: u64,
    pub at: Millis,
    /// Absent for somebody without an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The API token that the user acted through; absent for a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The login that the user acted through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The IP address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the caller calls itself: its `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The endpoint, as in the OpenAPI document.
    pub action: String,
    /// The id of what was written; as it was named in the request when it was refused.
    pub resource: String,
    /// Its name at that time.
    pub name: String,
    pub outcome: Outcome,
    /// The code of the error, when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the resource was, as the API shows it: never with a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    pub request: RequestId,
    /// The `hash` of the line before; sixty-four zeros for the first one.
    pub prev: String,
    /// SHA-256, in hexadecimal, of this line as RFC 8785 writes it, without `hash`.
    pub hash: String,
}

impl AuditEntry {
    /// The line, with the hash that it must have.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.hash = canonical::digest(&self.to_json());
        self
    }

    /// The line as an export has it, without its end.
    pub fn to_line(&self) -> String {
        canonical::text(&self.to_json())
    }

    fn to_json(&self) -> Value {
        // Keys are text everywhere: the one thing that serde_json refuses besides IO.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What the API shows to everybody who may see a resource. Nothing that holds a secret is one, and plain text is none
/// either, because a password is text: so no secret can be put into the log.
pub trait Shown: serde::Serialize {}

macro_rules! shown {
    ($($type:ty),* $(,)?) => {$(impl Shown for $type {})*};
}
shown!(
    bool,
    u16,
    u32,
    u64,
    Millis,
    crate::auth::Grant,
    crate::deployment::Autoscale,
    crate::deployment::Placement,
    crate::deployment::Power,
    crate::deployment::WorkloadSpec,
    crate::federation::Audience,
    crate::federation::Issuer,
    crate::federation::Pattern,
    crate::ids::DeploymentId,
    crate::ids::RunnerId,
    crate::ids::SiteId,
    crate::ids::SnapshotId,
    crate::ids::WorkspaceId,
    UserId,
    crate::managed_url::Host,
    crate::managed_url::PathPrefix,
    crate::managed_url::Target,
    crate::managed_url::UrlOptions,
    crate::managed_url::create::NewTarget,
    crate::managed_url::Network,
    crate::name::Email,
    crate::name::Name,
    crate::name::WorkspaceName,
    crate::oauth::RedirectUri,
    crate::role::RoleKey,
    crate::runner::RuntimeKind,
    crate::site::Access,
    crate::site::ManifestHash,
    crate::token::Opening,
);

impl<T: Shown + ?Sized> Shown for &T {}
impl<T: Shown> Shown for Option<T> {}
impl<T: Shown> Shown for Vec<T> {}
impl<T: Shown> Shown for std::collections::BTreeSet<T> {}
/// The keys say what a value is about.
impl<T: Shown> Shown for std::collections::BTreeMap<String, T> {}

/// What of a line must be true of every one.
#[cfg(test)]
pub(crate) fn sample(seq: u64, prev: &str) -> AuditEntry {
    use crate::ids::Id;
    let at = Millis(1_700_000_000_000 + seq);
    let line = AuditEntry {
        id: AuditId::from_parts(at, u128::from(seq)),
        chain: "ws_00000000000000000000000001".to_owned(),
        seq,
        at,
        user: Some(UserId::from_parts(Millis(1), 1)),
        token: None,
        session: Some(SessionId::from_parts(Millis(1), 2)),
        address: Some("192.0.2.7".to_owned()),
        agent: Some("patr/0.1.0".to_owned()),
        action: "RenameRunner".to_owned(),
        resource: "run_00000000000000000000000001".to_owned(),
        name: "tower".to_owned(),
        outcome: Outcome::Done,
        code: None,
        before: Some(serde_json::json!({ "name": "box" })),
        after: Some(serde_json::json!({ "name": "tower", "é": [1, true, null, "\u{1}\"\\"] })),
        request: RequestId::from_parts(at, 3),
        prev: prev.to_owned(),
        hash: String::new(),
    };
    line.sealed()
}
