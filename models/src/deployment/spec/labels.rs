//! The process and its surroundings: user, signal, platform, labels, names of hosts.

use crate::{limits::LABELS_MAX, name::string_type};

use super::{SpecError, WorkloadSpec, ensure};

/// Text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform: expected `OS/ARCHITECTURE[/VARIANT]`, as `linux/arm64`")]
pub struct PlatformError(String);

fn platform(text: &str) -> Result<String, PlatformError> {
    let word = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (1..=16).contains(&part.len()) && part.bytes().all(plain)
    };
    let parts: Vec<&str> = text.split('/').collect();
    let fine = (2..=3).contains(&parts.len()) && parts.iter().all(|part| word(part));
    if fine { Ok(text.to_owned()) } else { Err(PlatformError(text.chars().take(64).collect())) }
}

string_type! {
    /// A platform of an image (OCI image specification, image-index.md): operating system, architecture, variant.
    Platform, PlatformError, platform,
    { "type": "string", "pattern": "^[a-z0-9_]+/[a-z0-9_]+(/[a-z0-9_]+)?$" }
}

/// Text is not the name of a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a host: use labels of a-z, 0-9, `_` and `-` with dots between them")]
pub struct HostAliasError(String);

fn host_alias(text: &str) -> Result<String, HostAliasError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    let fine = text.len() <= 253 && text.split('.').all(label);
    if fine { Ok(text.to_owned()) } else { Err(HostAliasError(text.chars().take(64).collect())) }
}

string_type! {
    /// A name that a replica knows another host by.
    HostAlias, HostAliasError, host_alias,
    { "type": "string", "maxLength": 253 }
}

/// What our own labels begin with.
const OURS: &str = "cloud.patr.";

impl WorkloadSpec {
    pub(super) fn check_process(&self) -> Result<(), SpecError> {
        let user = self.user.as_deref().unwrap_or("0");
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        let fine = (1..=64).contains(&user.len()) && user.bytes().all(word);
        ensure(fine, "spec.user", || "must be `USER` or `USER:GROUP`, as names or numbers".to_owned())?;
        let signal = self.stop_signal.as_deref().unwrap_or("SIGTERM");
        let fine = signal.len() <= 16
            && signal.strip_prefix("SIG").is_some_and(|rest| {
                !rest.is_empty()
                    && rest.bytes().all(|byte| {
                        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-')
                    })
            });
        ensure(fine, "spec.stop_signal", || "must be a signal's name, as `SIGTERM` or `SIGQUIT`".to_owned())
    }

    pub(super) fn check_labels(&self) -> Result<(), SpecError> {
        let fine = self.labels.len() <= LABELS_MAX;
        ensure(fine, "spec.labels", || format!("at most {LABELS_MAX} are possible"))?;
        for (name, value) in &self.labels {
            let field = format!("spec.labels[{}]", name.chars().take(64).collect::<String>());
            let fine = !name.is_empty() && name.len() <= 256 && value.len() <= 4096;
            let plain =
                name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'=') && !value.contains('\0');
            ensure(fine && plain, &field, || "has a name or a value that a label cannot have".to_owned())?;
            let foreign = !name.starts_with(OURS);
            ensure(foreign, &field, || format!("names that begin with `{OURS}` are Patr's own"))?;
        }
        ensure(self.hosts.len() <= LABELS_MAX, "spec.hosts", || format!("at most {LABELS_MAX} are possible"))
    }
}
