//! A value in a file of the state directory.

use std::path::PathBuf;

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Mutex, MutexGuard};
use tracing::warn;

/// A value that outlives this process, as JSON.
pub(super) struct Kept<T> {
    file: PathBuf,
    value: Mutex<T>,
}

impl<T: Default + Serialize + DeserializeOwned> Kept<T> {
    /// What was kept. A file that cannot be read is as good as none.
    pub(super) fn open(file: PathBuf) -> Self {
        let value = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { file, value: Mutex::new(value.unwrap_or_default()) }
    }

    pub(super) async fn get(&self) -> MutexGuard<'_, T> {
        self.value.lock().await
    }

    /// Keeps what a change makes of it; what the change itself answers is of no interest.
    pub(super) async fn change<R>(&self, change: impl FnOnce(&mut T) -> R) {
        let mut value = self.value.lock().await;
        change(&mut value);
        // The old file is whole until the new one is.
        let new = self.file.with_extension("new");
        let saving = async {
            tokio::fs::write(&new, serde_json::to_vec(&*value)?).await?;
            tokio::fs::rename(&new, &self.file).await
        };
        if let Err(error) = saving.await {
            warn!("{}: {error}", self.file.display());
        }
    }
}
