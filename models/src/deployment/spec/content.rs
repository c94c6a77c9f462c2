//! What is put into a replica besides its image: secrets, files and volumes.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    ids::VolumeId,
    limits::{FILE_BYTES_MAX, FILES_MAX, MOUNTS_MAX, PATH_MAX},
    name::{Name, string_type},
    secret::SecretVersion,
};

use super::{SpecError, WorkloadSpec, ensure};

/// Text is not the path of a file or folder in a replica.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path in a replica: expected `/dir/name`, without `.`, `..` and empty parts")]
pub struct ReplicaPathError(String);

fn replica_path(text: &str) -> Result<String, ReplicaPathError> {
    let part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control());
    let fine = text.len() <= PATH_MAX && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part));
    if fine { Ok(text.to_owned()) } else { Err(ReplicaPathError(text.chars().take(64).collect())) }
}

string_type! {
    /// An absolute path in a replica, of a file or a folder but not the root.
    ReplicaPath, ReplicaPathError, replica_path,
    { "type": "string", "maxLength": 1024, "pattern": "^/[^/]" }
}

/// A secret that is used. Without a version the newest is meant; a release always names the one it was made with, so that
/// going back to it brings back its secrets.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretUse {
    pub secret: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<SecretVersion>,
}

impl SecretUse {
    /// The newest version of a secret.
    pub fn newest(secret: Name) -> Self {
        Self { secret, version: None }
    }
}

/// A file that is put into each replica before it starts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    pub content: FileContent,
    /// The permission bits, as a number; 292 (octal 444, everybody may read) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    Text(String),
    /// Bytes that are no text (RFC 4648, 4).
    Base64(String),
    Secret(SecretUse),
}

impl FileSpec {
    /// The permission bits.
    pub fn mode(&self) -> u32 {
        self.mode.unwrap_or(0o444)
    }

    /// The bytes, unless they are a secret's; `Some(None)` when they cannot be decoded.
    pub fn bytes(&self) -> Option<Option<Vec<u8>>> {
        match &self.content {
            FileContent::Text(text) => Some(Some(text.clone().into_bytes())),
            FileContent::Base64(text) => Some(STANDARD.decode(text).ok()),
            FileContent::Secret(_) => None,
        }
    }
}

/// A volume in a replica.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// By name. One that does not exist yet is made on the deployment's runner, once.
    pub volume: Name,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Which volume the name meant when the release was made; said by the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<VolumeId>,
    /// Whether several replicas may write at once; said by the edge, see [`crate::volume::Volume::shared`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

impl Mount {
    /// Whether two replicas must not hold it at the same time.
    pub fn is_exclusive(&self) -> bool {
        !self.read_only && !self.shared
    }
}

impl WorkloadSpec {
    /// Every use of a secret.
    pub fn secrets_used(&self) -> impl Iterator<Item = &SecretUse> {
        let files = self.files.values().filter_map(|file| match &file.content {
            FileContent::Secret(used) => Some(used),
            FileContent::Text(_) | FileContent::Base64(_) => None,
        });
        self.secrets.values().chain(files)
    }

    /// As [`Self::secrets_used`], to fill in what the edge knows.
    pub fn secrets_used_mut(&mut self) -> impl Iterator<Item = &mut SecretUse> {
        let files = self.files.values_mut().filter_map(|file| match &mut file.content {
            FileContent::Secret(used) => Some(used),
            FileContent::Text(_) | FileContent::Base64(_) => None,
        });
        self.secrets.values_mut().chain(files)
    }

    pub(super) fn check_secrets(&self) -> Result<(), SpecError> {
        let twice = self.secrets.keys().find(|name| self.env.contains_key(*name));
        ensure(twice.is_none(), "spec.secrets", || {
            let name = twice.map(|name| name.to_string()).unwrap_or_default();
            format!("`{name}` is in `env` as well: give it once")
        })
    }

    pub(super) fn check_files(&self) -> Result<(), SpecError> {
        let fine = self.files.len() <= FILES_MAX;
        ensure(fine, "spec.files", || format!("at most {FILES_MAX} are possible"))?;
        let mut total = 0;
        for (path, file) in &self.files {
            let field = format!("spec.files[{path}]");
            ensure(file.mode() <= 0o777, &field, || "the mode is over 511 (octal 777)".to_owned())?;
            let Some(bytes) = file.bytes() else { continue };
            ensure(bytes.is_some(), &field, || "is not base64".to_owned())?;
            total += bytes.unwrap_or_default().len();
        }
        ensure(total <= FILE_BYTES_MAX, "spec.files", || {
            format!(
                "{total} bytes are over the limit of {FILE_BYTES_MAX}: put large files into the image or a volume"
            )
        })
    }

    pub(super) fn check_volumes(&self) -> Result<(), SpecError> {
        let fine = self.volumes.len() <= MOUNTS_MAX;
        ensure(fine, "spec.volumes", || format!("at most {MOUNTS_MAX} are possible"))?;
        for path in self.volumes.keys() {
            let inside = |other: &ReplicaPath| {
                other.as_str().strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            let hidden = self.files.keys().find(|file| *file == path || inside(file));
            ensure(hidden.is_none(), &format!("spec.volumes[{path}]"), || {
                let file = hidden.map(|file| file.to_string()).unwrap_or_default();
                format!("would hide the file `{file}`")
            })?;
        }
        Ok(())
    }
}
