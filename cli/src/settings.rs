//! What is remembered between runs, apart from secrets: the installation and the workspace.

use std::path::{Path, PathBuf};

use patr_models::ids::{Ref, WorkspaceId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{env_vars, failure::Failure};

const FILE: &str = "settings.json";

/// The settings of a person on a machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The installation that was last logged in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The workspace there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workspace: Option<Ref<WorkspaceId>>,
}

impl Settings {
    /// The workspace, if it was chosen at this installation and not at another.
    pub(crate) fn workspace_at(&self, url: &str) -> Option<&Ref<WorkspaceId>> {
        self.workspace.as_ref().filter(|_| self.url.as_deref() == Some(url))
    }
}

/// The folder that holds settings and credentials.
#[derive(Debug, Clone)]
pub(crate) struct ConfigDir(PathBuf);

impl ConfigDir {
    /// The folder of this run; it need not exist yet.
    pub(crate) fn find() -> Result<Self, Failure> {
        if let Some(chosen) = std::env::var_os(env_vars::CONFIG_DIR).filter(|chosen| !chosen.is_empty()) {
            return Ok(Self(chosen.into()));
        }
        let platform = dirs::config_dir().ok_or_else(|| {
            Failure::usage("there is no folder for settings: no home directory is known")
                .hint("set PATR_CONFIG_DIR to a folder of your choice")
        })?;
        Ok(Self(platform.join("patr")))
    }

    pub(crate) fn load_settings(&self) -> Result<Settings, Failure> {
        self.load(FILE)
    }

    pub(crate) fn save_settings(&self, settings: &Settings) -> Result<(), Failure> {
        self.save(FILE, settings)
    }

    /// Reads a file of this folder; its default when there is none.
    pub(crate) fn load<T: DeserializeOwned + Default>(&self, file: &str) -> Result<T, Failure> {
        let path = self.0.join(file);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(Failure::usage(format!("cannot read {}: {error}", path.display()))),
        };
        serde_json::from_slice(&text).map_err(|error| {
            Failure::usage(format!("cannot read {}: {error}", path.display()))
                .hint("repair or remove the file, then run `patr login`")
        })
    }

    /// Writes a file of this folder at once or not at all, readable by its owner only.
    pub(crate) fn save<T: Serialize>(&self, file: &str, value: &T) -> Result<(), Failure> {
        let path = self.0.join(file);
        write_private(&self.0, &path, value)
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))
    }
}

fn write_private<T: Serialize>(folder: &Path, path: &Path, value: &T) -> std::io::Result<()> {
    use std::io::Write;
    std::fs::create_dir_all(folder)?;
    // The name is this process's own, so that two runs at once never write into the same file.
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}
