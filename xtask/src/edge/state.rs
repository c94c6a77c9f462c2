//! The state folder: one edge at a time, and the secrets of the installation.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Lets the first account sign up.
pub(super) const BOOTSTRAP: &str = "BOOTSTRAP_SECRET";
/// What the two scripts know each other by.
pub(super) const INTERNAL: &str = "INTERNAL_SECRET";
/// Encrypts what people keep as secrets. Without it they are lost.
const SECRETS_KEY: &str = "PATR_SECRETS_KEY";
/// Where they are kept, readable by the owner only.
const SECRETS: &str = "secrets.json";

/// A state folder that is ours until dropped.
pub(crate) struct State {
    /// Absolute.
    pub(crate) folder: PathBuf,
    secrets: BTreeMap<String, String>,
    first: bool,
    /// Some are not written down yet.
    new: bool,
    /// Released by the kernel, whatever ends us.
    _lock: File,
}

impl State {
    /// Takes the folder, and makes it if it is not there. New secrets are kept by [`State::keep`] only.
    ///
    /// # Errors
    /// Another edge has it, or it cannot be written.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let lock = File::create(folder.join("lock")).context("opening the lock of the state folder")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another edge runs on {}: stop it, or take another folder with --state",
                    folder.display()
                )
            }
            Err(TryLockError::Error(error)) => return Err(error).context("locking the state folder"),
        }
        let known = known(&folder.join(SECRETS))?;
        let first = known.is_none();
        let mut secrets = known.unwrap_or_default();
        let new = complete(&mut secrets)?;
        Ok(Self { folder, secrets, first, new, _lock: lock })
    }

    /// Writes new secrets down and, on the first start, gives the one that a person needs. Called when the edge
    /// runs: a start that failed shows nothing, and the next one is still the first.
    pub(super) fn keep(&self) -> anyhow::Result<Option<String>> {
        if self.new {
            write_private(&self.folder.join(SECRETS), &serde_json::to_string_pretty(&self.secrets)?)?;
        }
        Ok(self.secrets.get(BOOTSTRAP).filter(|_| self.first).cloned())
    }

    pub(super) fn secrets(&self) -> &BTreeMap<String, String> {
        &self.secrets
    }

    /// An empty folder for what Miniflare needs while it runs; a killed one leaves it full.
    pub(super) fn scratch(&self) -> anyhow::Result<PathBuf> {
        let scratch = self.folder.join("scratch");
        if scratch.exists() {
            fs::remove_dir_all(&scratch).context("emptying the scratch folder")?;
        }
        fs::create_dir(&scratch).context("making the scratch folder")?;
        Ok(scratch)
    }
}

/// The secrets of an earlier start.
fn known(path: &Path) -> anyhow::Result<Option<BTreeMap<String, String>>> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map(Some).with_context(|| {
            format!("{} is damaged: restore it, or start over with another --state", path.display())
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Makes those that are missing: all of them, or those that an earlier version of Patr did not need.
fn complete(secrets: &mut BTreeMap<String, String>) -> anyhow::Result<bool> {
    let before = secrets.len();
    for name in [BOOTSTRAP, INTERNAL, SECRETS_KEY] {
        if !secrets.contains_key(name) {
            secrets.insert(name.to_owned(), random()?);
        }
    }
    Ok(secrets.len() > before)
}

/// 256 bits as hexadecimal digits.
pub(crate) fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    // Written beside and renamed: a crash leaves no half of it.
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_edge_on_a_state_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::open(folder.path()).unwrap();
        let refused = State::open(folder.path()).err().unwrap().to_string();
        assert!(refused.contains("another edge runs on"), "{refused}");
        drop(first);
        State::open(folder.path()).unwrap();
    }

    #[test]
    fn the_secret_is_shown_once_and_kept_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        // A start that failed before it showed the secret does not count.
        drop(State::open(folder.path()).unwrap());
        let shown = State::open(folder.path()).unwrap().keep().unwrap().unwrap();
        let later = State::open(folder.path()).unwrap();
        assert_eq!(later.keep().unwrap(), None);
        assert_eq!(later.secrets()[BOOTSTRAP], shown);
        let mode = fs::metadata(folder.path().join(SECRETS)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_secret_that_an_earlier_version_did_not_need_is_made_once_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        write_private(&folder.path().join(SECRETS), r#"{"BOOTSTRAP_SECRET":"a","INTERNAL_SECRET":"b"}"#)
            .unwrap();
        let upgraded = State::open(folder.path()).unwrap();
        assert_eq!(upgraded.keep().unwrap(), None, "it is not the first start");
        let secrets = upgraded.secrets().clone();
        assert_eq!((secrets[BOOTSTRAP].as_str(), secrets[INTERNAL].as_str()), ("a", "b"));
        drop(upgraded);
        assert_eq!(*State::open(folder.path()).unwrap().secrets(), secrets);
    }

    #[test]
    fn damaged_secrets_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(SECRETS), "{").unwrap();
        assert!(State::open(folder.path()).is_err());
    }
}
