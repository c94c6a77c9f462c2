//! Files served at the edge.

use crate::{
    ids::{SiteId, UserId},
    name::{Name, string_type},
    time::Millis,
};

pub mod carry;
pub mod config;
pub mod create;
pub mod create_version;
pub mod delete;
pub mod get;
pub mod list;
pub mod manifest;
pub mod manifest_get;
pub mod missing_packs;
pub mod put_pack;
pub mod rollback;
pub mod rules;
pub mod set_access;
pub mod start;
pub mod stats;
pub mod stop;
pub mod versions;

/// Text is not a SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 lower-case hexadecimal digits (SHA-256)")]
pub struct HashError;

fn sha256_hex(text: &str) -> Result<String, HashError> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(lower) { Ok(text.to_owned()) } else { Err(HashError) }
}

fn hex_of(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

string_type! {
    /// The SHA-256 of a manifest, in hexadecimal.
    ManifestHash, HashError, sha256_hex,
    { "type": "string", "pattern": "^[0-9a-f]{64}$" }
}

string_type! {
    /// The SHA-256 of a pack, in hexadecimal.
    PackHash, HashError, sha256_hex,
    { "type": "string", "pattern": "^[0-9a-f]{64}$" }
}

impl ManifestHash {
    /// The hash of a manifest's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex_of(bytes))
    }
}

impl PackHash {
    /// The hash of a pack's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex_of(bytes))
    }

    /// From the 32 bytes that a manifest holds.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 32 bytes that a manifest holds.
    pub fn to_bytes(&self) -> [u8; 32] {
        let digit = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'a' + 10 };
        let hex = self.0.as_bytes();
        std::array::from_fn(|at| digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]))
    }
}

/// Numbers a site's versions, from 1.
pub type VersionNumber = u32;

/// A static site.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Site {
    pub id: SiteId,
    pub name: Name,
    /// The live version; absent until the first upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<VersionNumber>,
    /// The manifest of the live version: who has it needs not ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestHash>,
    /// Whether it answers; see `patr site stop`.
    pub running: bool,
    /// Who may see it.
    #[serde(default)]
    pub access: Access,
    /// The automatic managed URL.
    pub url: String,
    pub generation: u64,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// Who may see a site.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everybody.
    #[default]
    Public,
    /// Who knows its password.
    Password,
    /// Members of the workspace.
    Members,
}

/// An upload. It never changes.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct SiteVersion {
    pub number: VersionNumber,
    pub live: bool,
    pub manifest: ManifestHash,
    pub files: u32,
    /// Of all files together.
    pub bytes: u64,
    /// Where it can be seen although it is not live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
    pub created_by: UserId,
    pub created_at: Millis,
}

/// An address of one version.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Preview {
    pub url: String,
    /// The version goes with it, unless it was made live.
    pub expires_at: Millis,
}
