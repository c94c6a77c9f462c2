//! A place containers run. It knows nothing of Patr's API, of retries or of the tunnel.

pub(crate) mod docker;
#[cfg(test)]
pub(crate) mod fake;
mod probe;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use futures_util::Stream;
use patr_models::{
    deployment::{
        Digest, Failure, FailureKind, Generation, ReleaseNumber, WorkloadSpec, logs::LogLine, spec::Probe,
    },
    ids::DeploymentId,
    wire::DesiredDeployment,
};

/// One container of ours, as its labels and its state say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Replica {
    pub(crate) id: String,
    pub(crate) deployment: DeploymentId,
    pub(crate) generation: Generation,
    pub(crate) release: ReleaseNumber,
    pub(crate) hash: String,
    pub(crate) digest: Option<Digest>,
    /// What it has to answer, whichever release is current by now.
    pub(crate) probe: Option<Probe>,
    /// It has answered once, and is started again by the runtime whenever it ends.
    pub(crate) proven: bool,
    pub(crate) state: ReplicaState,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplicaState {
    /// Made, and never started: whoever made it did not come to that.
    Created,
    Running(Address),
    /// The runtime is about to start it again.
    Restarting,
    Exited,
}

/// Where the ports of a replica are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// On the runtime's network, each under its own number.
    Network(IpAddr),
    /// On this machine's loopback, each under the number that the runtime chose.
    Published(BTreeMap<u16, u16>),
}

impl Address {
    /// Where to connect to for a port of the replica.
    pub(crate) fn port(&self, port: u16) -> Option<SocketAddr> {
        match self {
            Self::Network(address) => Some(SocketAddr::new(*address, port)),
            Self::Published(ports) => Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), *ports.get(&port)?)),
        }
    }
}

/// A container that runs, or will again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) state: ReplicaState,
    /// Why it ended the last time, while it waits to be started again.
    pub(crate) ended: Option<Failure>,
    /// How often the runtime has started it again.
    pub(crate) restarts: u32,
}

/// What to start.
#[derive(Debug, Clone)]
pub(crate) struct NewReplica {
    pub(crate) desired: DesiredDeployment,
    pub(crate) digest: Digest,
    pub(crate) hash: String,
}

/// The runtime does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runtime does not answer: {0}")]
pub(crate) struct Unavailable(pub(crate) String);

/// Why a verb of the runtime did not work.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// The runtime does not answer, which says nothing about what was asked: it is tried again.
    Away(Unavailable),
    /// The runtime answered, and this is the reason.
    Failed(Failure),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A failure in words, without the lines of a log.
pub(crate) fn failure(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, message: message.into(), logs: Vec::new() }
}

/// The verbs of the reconciler, and nothing else.
pub(crate) trait Runtime: Clone + Send + Sync + 'static {
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
    /// Asks a replica once whether it is ready.
    fn ask(&self, at: &Address, probe: &Probe) -> impl Future<Output = Result<(), Failure>> + Send;
    /// The last lines that a container wrote.
    fn last_lines(&self, id: &str) -> impl Future<Output = Vec<String>> + Send;
    /// Stops a container, within the time that it was given when it was started, and removes it. Already gone is
    /// success.
    fn remove(&self, id: &str) -> impl Future<Output = Result<(), Fault>> + Send;
    /// What a container writes.
    fn logs(&self, id: &str, follow: bool, tail: u32) -> impl Stream<Item = LogLine> + Send + 'static;
    /// Something may have changed; look again. Deliberately carries no data.
    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static;
}
