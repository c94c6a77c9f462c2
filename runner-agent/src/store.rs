//! The last snapshot, on disk: with it the agent reconciles alone, after a reboot or a day without the edge.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use patr_models::{
    deployment::{Failure, Generation},
    ids::{DeploymentId, RunnerId},
    wire::Snapshot,
};
use tokio::sync::watch;
use tracing::warn;

/// What should run, and as which runner.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Known {
    /// Containers are labelled with it, so that two agents on one Engine leave each other's alone.
    pub(crate) runner: RunnerId,
    pub(crate) snapshot: Snapshot,
}

/// The generations whose rollout has failed, and why.
pub(crate) type Failures = HashMap<DeploymentId, (Generation, Failure)>;

/// Another agent holds the state directory.
#[derive(Debug, thiserror::Error)]
#[error("another agent uses {}: stop it, or choose another --state-dir", .0.display())]
pub(crate) struct InUse(PathBuf);

/// What should run.
pub(crate) const DESIRED: &str = "desired.json";
const KEY: &str = "secrets.key";
const FAILED: &str = "failed.json";
/// All that an agent that takes over needs.
pub(crate) const FILES: [&str; 3] = [DESIRED, KEY, FAILED];

/// The state directory. Held by one agent at a time.
pub(crate) struct Store {
    directory: PathBuf,
    changed: watch::Sender<()>,
    _lock: File,
}

impl Store {
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("--state-dir {}", directory.display()))?;
        let lock = File::create(directory.join("lock")).context("the lock of the state directory")?;
        if lock.try_lock().is_err() {
            return Err(InUse(directory.to_owned()).into());
        }
        Ok(Self { directory: directory.to_owned(), changed: watch::Sender::default(), _lock: lock })
    }

    fn file(&self) -> PathBuf {
        self.directory.join(DESIRED)
    }

    /// What should run, as last heard. `None` before anything was heard, or when it cannot be read any more: then
    /// nothing is planned until the edge has said it again, and what runs goes on.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Known>> {
        let file = self.file();
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        let known = serde_json::from_slice(&bytes);
        Ok(known.map_err(|error| warn!("{} is not readable and is left aside: {error}", file.display())).ok())
    }

    /// The key that secrets are sealed to. Made once; a new one would need every secret to be sent anew.
    pub(crate) fn key(&self) -> anyhow::Result<[u8; 32]> {
        let file = self.directory.join(KEY);
        match fs::read(&file) {
            Ok(bytes) => {
                let key = bytes.try_into();
                key.map_err(|_| anyhow!("{} is damaged: remove it, and a new one is made", file.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key: [u8; 32] = rand::random();
                self.put(KEY, &key)?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| file.display().to_string()),
        }
    }

    /// What has failed, so that an agent that starts does not try it again: a release that replaces the one before it
    /// would stop that once more. Without it, it is tried.
    pub(crate) fn failures(&self) -> Failures {
        let bytes = fs::read(self.directory.join(FAILED)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    pub(crate) fn save_failures(&self, failures: &Failures) -> anyhow::Result<()> {
        self.put(FAILED, &serde_json::to_vec(failures)?)
    }

    /// Keeps what is known.
    pub(crate) fn save(&self, known: &Known) -> anyhow::Result<()> {
        self.put(DESIRED, &serde_json::to_vec(known)?)
    }

    /// Hears of every file that is kept from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn put(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        write_private(&self.directory.join(name), bytes)?;
        // The rename itself has to outlast a power cut.
        File::open(&self.directory)?.sync_all()?;
        self.changed.send_replace(());
        Ok(())
    }
}

/// Writes a file: the old one is whole until the new one is. Snapshots hold environments, so nobody else may read it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use patr_models::{ids::Id, time::Millis};

    use super::*;

    fn known() -> Known {
        let snapshot = Snapshot { revision: 3, ..Snapshot::default() };
        Known { runner: RunnerId::from_parts(Millis(0), 0), snapshot }
    }

    #[test]
    fn what_was_kept_is_found_again_and_nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        assert_eq!(store.load().unwrap(), None);
        store.save(&known()).unwrap();
        assert_eq!(store.load().unwrap(), Some(known()));
        let mode = fs::metadata(store.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_damaged_does_not_keep_the_agent_from_starting() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        fs::write(store.file(), "{\"runner\":").unwrap();
        assert_eq!(store.load().unwrap(), None);
        store.save(&known()).unwrap();
        assert_eq!(store.load().unwrap(), Some(known()));
    }

    #[test]
    fn what_has_failed_is_found_again_and_a_damaged_file_forgets_it() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        assert_eq!(store.failures(), Failures::new());
        let failure = crate::runtime::failure(patr_models::deployment::FailureKind::Exited, "it ended");
        let failures = Failures::from([(DeploymentId::from_parts(Millis(0), 1), (3, failure))]);
        store.save_failures(&failures).unwrap();
        assert_eq!(store.failures(), failures);
        fs::write(directory.path().join("failed.json"), "{").unwrap();
        assert_eq!(store.failures(), Failures::new());
    }

    #[test]
    fn the_key_is_made_once_and_nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let key = store.key().unwrap();
        assert_eq!(store.key().unwrap(), key);
        let file = directory.path().join("secrets.key");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        assert!(store.key().is_err(), "a damaged one is not replaced behind anybody's back");
    }

    #[test]
    fn a_state_directory_is_held_by_one_agent() {
        let directory = tempfile::tempdir().unwrap();
        let _held = Store::open(directory.path()).unwrap();
        assert!(
            Store::open(directory.path()).is_err_and(|error| error.to_string().contains("another agent"))
        );
    }
}
