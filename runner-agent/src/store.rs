//! The last snapshot, on disk: with it the agent reconciles alone, after a reboot or a day without the edge.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use patr_models::{ids::RunnerId, wire::Snapshot};

/// What should run, and as which runner.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Known {
    /// Containers are labelled with it, so that two agents on one Engine leave each other's alone.
    pub(crate) runner: RunnerId,
    pub(crate) snapshot: Snapshot,
}

/// The state directory. Held by one agent at a time.
pub(crate) struct Store {
    file: PathBuf,
    _lock: File,
}

impl Store {
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("--state-dir {}", directory.display()))?;
        let lock = File::create(directory.join("lock")).context("the lock of the state directory")?;
        if lock.try_lock().is_err() {
            bail!("another agent uses {}: stop it, or choose another --state-dir", directory.display());
        }
        Ok(Self { file: directory.join("desired.json"), _lock: lock })
    }

    /// What should run, as last heard. `None` before anything was heard: then nothing is planned.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Known>> {
        match fs::read(&self.file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).with_context(|| self.file.display().to_string())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| self.file.display().to_string()),
        }
    }

    /// Keeps what is known: the old one is whole until the new one is.
    pub(crate) fn save(&self, known: &Known) -> anyhow::Result<()> {
        let new = self.file.with_extension("new");
        let mut file = private(&new)?;
        file.write_all(&serde_json::to_vec(known)?)?;
        file.sync_all()?;
        fs::rename(&new, &self.file)?;
        Ok(())
    }
}

/// Snapshots hold environments: nobody else may read them.
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
