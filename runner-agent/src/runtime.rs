//! A place containers run. It knows nothing of Patr's API, of retries or of the tunnel.

pub(crate) mod docker;

use std::net::IpAddr;

use futures_util::Stream;
use patr_models::{
    deployment::{Digest, Failure, Generation, ReleaseNumber, WorkloadSpec, logs::LogLine},
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
    pub(crate) state: ReplicaState,
    pub(crate) restarts: u32,
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplicaState {
    Running {
        address: Option<IpAddr>,
    },
    /// The runtime is about to start it again.
    Restarting,
    Exited,
}

/// What to start.
#[derive(Debug, Clone)]
pub(crate) struct NewReplica {
    pub(crate) desired: DesiredDeployment,
    pub(crate) digest: Digest,
    pub(crate) hash: String,
}

/// The runtime does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the runtime does not answer: {0}")]
pub(crate) struct Unavailable(pub(crate) String);

/// The verbs of the reconciler, and nothing else.
pub(crate) trait Runtime: Clone + Send + Sync + 'static {
    /// What is here now, by label, whoever started it.
    fn observe(&self, runner: &str) -> impl Future<Output = Result<Vec<Replica>, Unavailable>> + Send;
    /// Finds what an image is, and gets it here. Touches nothing that runs.
    fn pull(
        &self,
        spec: &WorkloadSpec,
        known: Option<&Digest>,
    ) -> impl Future<Output = Result<Digest, Failure>> + Send;
    /// Starts a container that is not restarted should it fail. Answers its id.
    fn start(&self, new: &NewReplica, runner: &str) -> impl Future<Output = Result<String, Failure>> + Send;
    /// From now on the container is started again whenever it ends.
    fn keep(&self, id: &str) -> impl Future<Output = Result<(), Failure>> + Send;
    /// What a container does now; a failure says why it does not run.
    fn check(&self, id: &str) -> impl Future<Output = Result<ReplicaState, Failure>> + Send;
    /// The last lines that a container wrote.
    fn last_lines(&self, id: &str) -> impl Future<Output = Vec<String>> + Send;
    /// Stops and removes a container. Already gone is success.
    fn remove(&self, id: &str, grace_s: u32) -> impl Future<Output = Result<(), Failure>> + Send;
    /// What a container writes.
    fn logs(&self, id: &str, follow: bool, tail: u32) -> impl Stream<Item = LogLine> + Send + 'static;
    /// Something may have changed; look again. Deliberately carries no data.
    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static;
}
