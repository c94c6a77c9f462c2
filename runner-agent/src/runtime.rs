//! A place containers run. It knows nothing of Patr's API, of retries or of the tunnel.

mod archive;
pub(crate) mod docker;
pub mod exit;
#[cfg(test)]
pub(crate) mod fake;
mod kept;
pub(crate) mod kubernetes;
mod past;
pub mod probe;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use patr_models::{
    deployment::{
        Digest, Failure, FailureKind, Generation, ReleaseNumber, WorkloadSpec,
        exec::Size,
        logs::{LogLine, LogStream},
        spec::{EnvName, Probe, SecretUse},
    },
    ids::{DeploymentId, SnapshotId, VolumeId},
    secret::Secrets,
    time::Millis,
    wire::{DesiredDeployment, DesiredVolume, HostHealth, ObservedVolume},
};
use tokio::{
    io::AsyncWrite,
    sync::{mpsc, oneshot},
};

pub use archive::Archive;
use archive::beginning;

/// One container of ours, as its labels and its state say.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    pub id: String,
    pub deployment: DeploymentId,
    pub generation: Generation,
    pub release: ReleaseNumber,
    pub hash: String,
    pub digest: Option<Digest>,
    /// What it has to answer, whichever release is current by now.
    pub probe: Option<Probe>,
    /// The first http port of its release, which need not be that of another one.
    pub http_port: Option<u16>,
    /// It has answered once, and is started again by the runtime whenever it ends.
    pub proven: bool,
    pub health: Health,
    pub state: ReplicaState,
}

/// What a runtime has found by asking a replica's probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It asks none: the agent does.
    Unasked,
    /// It asks them, and starts a replica again that is not alive.
    Ready,
    Unready(Failure),
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaState {
    /// Made, and never started: whoever made it did not come to that.
    Created,
    Running(Address),
    /// The runtime is about to start it, or to start it again.
    Restarting,
    Exited,
}

/// Where the ports of a replica are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// On the runtime's network, each under its own number.
    Network(IpAddr),
    /// On this machine's loopback, each under the number that the runtime chose.
    Published(BTreeMap<u16, u16>),
}

impl Address {
    /// Where to connect to for a port of the replica.
    pub fn port(&self, port: u16) -> Option<SocketAddr> {
        match self {
            Self::Network(address) => Some(SocketAddr::new(*address, port)),
            Self::Published(ports) => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), *ports.get(&port)?)),
        }
    }
}

/// A container that runs, or will again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub state: ReplicaState,
    /// Why it ended the last time, while it waits to be started again.
    pub ended: Option<Failure>,
    /// How often the runtime has started it again.
    pub restarts: u32,
}

/// What to start.
#[derive(Debug, Clone)]
pub struct NewReplica {
    pub desired: DesiredDeployment,
    pub digest: Digest,
    pub hash: String,
    /// The values of the secrets in the specification.
    pub secrets: Secrets,
}

impl NewReplica {
    /// The value of a secret.
    pub fn secret(&self, used: &SecretUse) -> Result<Vec<u8>, Failure> {
        let value = used.version.and_then(|version| self.secrets.get(&used.secret, version));
        value.ok_or_else(|| {
            let version = used.version.map(|version| format!(", version {version}")).unwrap_or_default();
            let message = format!("the value of the secret `{}`{version} has not come", used.secret);
            failure(FailureKind::SecretSealed, message)
        })
    }

    /// The value of a secret that is to be an environment variable.
    pub fn secret_text(&self, name: &EnvName, used: &SecretUse) -> Result<String, Failure> {
        let value = String::from_utf8(self.secret(used)?).ok();
        value.filter(|value| !value.contains('\0')).ok_or_else(|| {
            let message = format!(
                "the secret `{}` is not text, so it cannot be the environment variable `{name}`: use it as a file",
                used.secret
            );
            failure(FailureKind::Runtime, message)
        })
    }
}

/// What a container has used since it started, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// When the runtime measured; its clock.
    pub at: Millis,
    /// Processor time, in nanoseconds.
    pub cpu_ns: u64,
    /// What is in memory now, without files that the kernel would give up.
    pub memory_bytes: u64,
    pub received_bytes: u64,
    pub sent_bytes: u64,
    pub read_bytes: u64,
    pub written_bytes: u64,
}

/// Which lines of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogsFrom {
    /// Go on with new ones.
    pub follow: bool,
    /// How many of the last ones to begin with.
    pub tail: u32,
    /// None that is older.
    pub since: Option<Millis>,
}

/// A command that runs in a replica. It ends by itself: leaving only closes its input.
pub struct Exec {
    /// Shutting it down ends the command's input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Ends when the command has. With a terminal all of it is `Stdout`.
    pub output: mpsc::Receiver<(LogStream, Bytes)>,
    /// New sizes of the terminal.
    pub sizes: mpsc::Sender<Size>,
    /// The exit code, after the output has ended; nothing when it cannot be known.
    pub ended: oneshot::Receiver<i64>,
}

/// The volumes of a runner.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VolumesSeen {
    /// Those that are there.
    pub here: Vec<ObservedVolume>,
    /// Buried ones of which nothing is left.
    pub gone: Vec<VolumeId>,
    /// Those that were made once and are not there.
    pub missing: Vec<VolumeId>,
}

/// The runtime does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runtime does not answer: {0}")]
pub struct Unavailable(pub String);

/// Why a verb of the runtime did not work.
#[derive(Debug, PartialEq)]
pub enum Fault {
    /// The runtime does not answer, which says nothing about what was asked: it is tried again.
    Away(Unavailable),
    /// Somebody has removed what was asked about, which is nobody's failure: who looks again does not find it.
    Gone(String),
    /// The runtime answered, and this is the reason.
    Failed(Failure),
}

impl Fault {
    /// The reason, also where the runtime has given none.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::Away(error) => failure(FailureKind::Runtime, error.to_string()),
            Self::Gone(why) => failure(FailureKind::Runtime, why),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A failure in words, without the lines of a log.
pub fn failure(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, message: message.into(), logs: Vec::new() }
}

/// A time as runtimes write it: with nanoseconds, and without the zeros at their end.
fn moment(text: &str) -> Option<Millis> {
    let (seconds, rest) = (text.get(..19)?, text.get(19..)?);
    let digits: String =
        rest.strip_prefix('.').unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
    format!("{seconds}.{digits:0<3.3}Z").parse().ok()
}

/// The verbs of the reconciler, and nothing else.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// What is here now, by label, whoever started it.
    fn observe(&self, runner: &str) -> impl Future<Output = Result<Vec<Replica>, Unavailable>> + Send;
    /// Finds what an image is, and gets it here. Touches nothing that runs.
    fn pull(
        &self,
        spec: &WorkloadSpec,
        known: Option<&Digest>,
    ) -> impl Future<Output = Result<Digest, Fault>> + Send;
    /// Starts a container that is not restarted should it fail.
    fn start(&self, new: &NewReplica, runner: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// From now on the container is started again whenever it ends.
    fn keep(&self, id: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// What a container does now; a failure says why it does not run.
    fn check(&self, id: &str) -> impl Future<Output = Result<Checked, Fault>> + Send;
    /// Asks a replica once whether it is ready, over its ports.
    fn ask(&self, id: &str, at: &Address, probe: &Probe) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Asks a replica by a command in it, which must end with exit code 0 within a time. A failure of kind `Runtime` is
    /// one of the runtime, and says nothing about the replica.
    fn exec_probe(
        &self,
        id: &str,
        command: &[String],
        patience: Duration,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Runs a command in a replica, with a terminal when it has a size.
    fn exec(
        &self,
        id: &str,
        command: Vec<String>,
        tty: Option<Size>,
    ) -> impl Future<Output = Result<Exec, Fault>> + Send;
    /// Whether a container is held still, for a snapshot of its volume: what it does not answer meanwhile says nothing
    /// about it.
    fn is_held(&self, _id: &str) -> bool {
        false
    }
    /// What a running container has used.
    fn usage(&self, id: &str) -> impl Future<Output = Result<Totals, Fault>> + Send;
    /// Stops a container, within the time that it was given when it was started, and keeps it: not even a restart of
    /// the machine starts it.
    fn stop(&self, id: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Starts a container that was stopped and kept, as it was.
    fn start_again(&self, id: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// The last lines that a container wrote.
    fn last_lines(&self, id: &str) -> impl Future<Output = Vec<String>> + Send;
    /// The values of secrets in a container, whichever release it is of: what it writes must not show them.
    fn secrets_in(&self, id: &str) -> impl Future<Output = Result<Vec<Vec<u8>>, Fault>> + Send;
    /// Stops a container, within the time that it was given when it was started, and removes it; its last lines are
    /// kept, without values of secrets. Already gone is success.
    fn remove(&self, id: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// What a container writes.
    fn logs(&self, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static;
    /// The last lines of replicas that were removed, oldest first.
    fn past_logs(&self, deployment: DeploymentId) -> impl Future<Output = Vec<LogLine>> + Send;
    /// Forgets what is kept of a deployment that was deleted.
    fn forget(&self, deployment: DeploymentId) -> impl Future<Output = ()> + Send;
    /// Makes the volumes that were never there, removes the buried ones that nothing uses, and says what there is. A
    /// volume that was made once is not made again.
    fn volumes(
        &self,
        runner: &str,
        desired: &[DesiredVolume],
        buried: &[VolumeId],
    ) -> impl Future<Output = Result<VolumesSeen, Unavailable>> + Send;
    /// All that is in a volume, or in a snapshot of it.
    fn volume_read(
        &self,
        volume: VolumeId,
        snapshot: Option<SnapshotId>,
    ) -> impl Future<Output = Result<Archive, Fault>> + Send;
    /// Fills a volume, which must be empty.
    fn volume_fill(
        &self,
        volume: VolumeId,
        archive: Archive,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Copies a volume while what uses it is paused, or refuses while anything does, and says how many bytes that are.
    fn volume_snapshot(
        &self,
        volume: VolumeId,
        snapshot: SnapshotId,
    ) -> impl Future<Output = Result<u64, Fault>> + Send;
    /// Makes a volume what it was. Nothing that runs may use it.
    fn volume_restore(
        &self,
        volume: VolumeId,
        snapshot: SnapshotId,
    ) -> impl Future<Output = Result<(), Fault>> + Send;
    /// Removes a snapshot. Already gone is success.
    fn volume_forget(&self, snapshot: SnapshotId) -> impl Future<Output = Result<(), Fault>> + Send;
    /// How the machine does.
    fn health(&self) -> impl Future<Output = HostHealth> + Send;
    /// Removes images that were pulled here and that nothing needs: no container, and none of `keep`.
    fn collect_images(&self, keep: &[Digest]) -> impl Future<Output = ()> + Send;
    /// Something may have changed; look again. Deliberately carries no data.
    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_keep_milliseconds_however_many_digits_there_are() {
        let of = |text: &str| moment(text).unwrap().to_string();
        assert_eq!(of("2026-01-31T12:00:00.123456789Z"), "2026-01-31T12:00:00.123Z");
        assert_eq!(of("2026-01-31T12:00:00.5Z"), "2026-01-31T12:00:00.500Z");
        assert_eq!(of("2026-01-31T12:00:00Z"), "2026-01-31T12:00:00.000Z");
        assert_eq!(moment("0001"), None);
    }
}
