//! The folder of a replica: what the agent and its keeper know of each other.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use patr_models::{
    deployment::{Digest, Generation, ReleaseNumber, spec::Probe},
    ids::DeploymentId,
};
use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::process::Command;

/// What to start, and what it is a replica of. Never changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) runner: String,
    pub(crate) deployment: DeploymentId,
    pub(crate) generation: Generation,
    pub(crate) release: ReleaseNumber,
    pub(crate) hash: String,
    pub(crate) digest: Digest,
    pub(crate) probe: Option<Probe>,
    pub(crate) http_port: Option<u16>,
    /// Where this replica listens instead of each declared port.
    pub(crate) ports: BTreeMap<u16, u16>,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// Variables whose values nobody may see.
    pub(crate) secrets: Vec<String>,
    /// How long it may take to stop, in seconds.
    pub(crate) grace_s: u32,
}

/// What the program does.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// While it runs.
    pub(crate) pid: Option<u32>,
    /// How it ended the last time: its exit code, or 128 and the signal.
    pub(crate) ended: Option<i64>,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// Why it cannot be kept.
    pub(crate) broken: Option<String>,
}

/// The file with what the program does; there once it was started.
pub(crate) const STATE: &str = "state.json";

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes it, with what is to be started.
    pub(crate) fn create(path: PathBuf, record: &Record) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        let folder = Self(path);
        folder.write("record.json", record)?;
        Ok(folder)
    }

    /// The name of the replica.
    pub(crate) fn id(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Nothing when it was not made to its end.
    pub(crate) fn record(&self) -> Option<Record> {
        self.read("record.json")
    }

    pub(crate) fn state(&self) -> State {
        self.read(STATE).unwrap_or_default()
    }

    pub(crate) fn set_state(&self, state: &State) -> io::Result<()> {
        self.write(STATE, state)
    }

    pub(crate) fn has(&self, mark: &str) -> bool {
        self.file(mark).exists()
    }

    pub(crate) fn mark(&self, mark: &str) -> io::Result<()> {
        File::create(self.file(mark)).map(drop)
    }

    pub(crate) fn unmark(&self, mark: &str) -> io::Result<()> {
        match fs::remove_file(self.file(mark)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.0)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&fs::read(self.file(name)).ok()?).ok()
    }

    /// Whole or not at all, and for nobody else to read: there may be secrets in it.
    fn write(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let part = self.file(&format!("{name}.part"));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        fs::rename(part, self.file(name))
    }

    /// Holds the lock as long as the file is open; nothing when somebody else holds it.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        self.try_lock(FlockOperation::NonBlockingLockExclusive)
    }

    fn try_lock(&self, how: FlockOperation) -> io::Result<Option<File>> {
        let file = File::options().write(true).create(true).truncate(false).open(self.file("lock"))?;
        match flock(&file, how) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether its keeper lives. Shared, so that who looks is not taken for a keeper by who looks at the same time.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.try_lock(FlockOperation::NonBlockingLockShared), Ok(None))
    }

    /// Starts a keeper. It goes on when we end.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let keeper = Command::new("setsid")
            .arg(std::env::current_exe()?)
            .arg("keep")
            .arg(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        fs::write(self.file("keeper"), keeper.id().unwrap_or_default().to_string())
    }

    /// Tells the keeper to stop the program and to end.
    pub(crate) fn tell_to_stop(&self) {
        let pid = fs::read_to_string(self.file("keeper")).ok().and_then(|pid| pid.parse().ok());
        // The id is the keeper's as long as the lock is held.
        if let Some(pid) = pid.and_then(Pid::from_raw).filter(|_| self.is_kept()) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// Every replica in a folder.
pub(crate) fn all(replicas: &Path) -> io::Result<Vec<(Folder, Record)>> {
    let folders = fs::read_dir(replicas)?.filter_map(|entry| Some(Folder(entry.ok()?.path())));
    Ok(folders.filter_map(|folder| folder.record().map(|record| (folder, record))).collect())
}
