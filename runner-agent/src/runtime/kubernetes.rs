//! A namespace of a Kubernetes cluster. docs/kubernetes.md says what becomes what.

mod cluster;
mod drift;
mod events;
mod exec;
mod forward;
mod lease;
mod logs;
mod manifest;
mod mark;
mod pull;
mod saved;
mod start;
mod state;
mod term;
mod usage;
mod volume;
mod words;
mod workload;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use futures_util::Stream;
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::version::Info};
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{KubeConfigOptions, Kubeconfig},
};
use patr_models::{
    deployment::{Digest, Failure, FailureKind, WorkloadSpec, exec::Size, logs::LogLine, spec::Probe},
    ids::{DeploymentId, SnapshotId, VolumeId},
    wire::{DesiredVolume, HostHealth},
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};
use tracing::warn;

use super::{
    Address, Archive, Checked, Exec, Fault, LogsFrom, NewReplica, Replica, ReplicaState, Runtime, Totals,
    Unavailable, VolumesSeen, beginning, failure,
    kept::Kept,
    past::{self, Past},
    probe,
};
use forward::Forwards;
pub(crate) use lease::Lease;
pub(crate) use manifest::Security;
use saved::Saved;
use term::Term;
use words::{chain, refused};
use workload::Workload;

/// When a cluster that does not answer is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// How an agent is to use its cluster.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Instead of what `kubectl` would use, or of the pod's own account.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Where everything goes.
    pub(crate) namespace: Option<String>,
    pub(crate) security: Security,
    /// The size of a volume that is made.
    pub(crate) volume_size: String,
    pub(crate) storage_class: Option<String>,
    /// The agent's own image: what reads and writes volumes is this program.
    pub(crate) image: Option<String>,
    /// Pods are reached through the API server instead of their addresses.
    pub(crate) forward: bool,
}

/// What the agents of one runner in one cluster share.
pub(crate) struct Common {
    pub(crate) lease: Lease,
    pub(crate) saved: Saved,
}

impl Common {
    /// Of the agents in a namespace: whoever has the lease is in `term`. What asks for it is a client of its own.
    fn new((asks, client): (Client, Client), term: Term, agents: &str, state_dir: &Path) -> Self {
        // The name of the pod. A container that is started again in it is the same agent.
        let me = std::env::var("HOSTNAME").unwrap_or_else(|_| format!("{:016x}", rand::random::<u64>()));
        Self {
            lease: Lease::new(kube::Api::namespaced(asks, agents), me, term),
            saved: Saved::new(kube::Api::namespaced(client, agents), state_dir),
        }
    }
}

/// A cluster, as far as it is this runner's.
#[derive(Clone)]
pub(crate) struct Kubernetes(Arc<Shared>);

struct Shared {
    client: Client,
    namespace: String,
    /// The namespace of the agent's own pod, if it is one.
    agents: Option<String>,
    about: String,
    options: Options,
    forwards: Option<Forwards>,
    past: Past,
    /// Volumes that were there.
    made: Kept<BTreeSet<VolumeId>>,
    /// How nodes know the images that were pulled.
    images: Mutex<HashMap<(String, Digest), String>>,
    measured: usage::Measured,
    /// When it was looked last for what is around replicas.
    looked: Mutex<Option<Instant>>,
}

impl Kubernetes {
    /// Connects as the account of the pod that this is in, or else as `kubectl` would.
    pub(crate) async fn connect(
        options: Options,
        state_dir: &Path,
    ) -> anyhow::Result<(Self, Option<Common>)> {
        let is_inside = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
        let config = match &options.kubeconfig {
            Some(file) => {
                let read = Kubeconfig::read_from(file)?;
                Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?
            }
            None if is_inside => Config::incluster()?,
            None => {
                Config::infer().await.context("no kubeconfig is there, and this is no pod of a cluster")?
            }
        };
        let is_inside = is_inside && options.kubeconfig.is_none();
        let own = config.default_namespace.clone();
        let agents = is_inside.then(|| own.clone());
        let (client, common) = match &agents {
            Some(agents) => {
                let (asks, term) = (Client::try_from(config.clone())?, Term::default());
                let client = term.client(ClientBuilder::try_from(config)?);
                let common = Common::new((asks, client.clone()), term, agents, state_dir);
                (client, Some(common))
            }
            None => (Client::try_from(config)?, None),
        };
        let namespaces = (options.namespace.clone().unwrap_or(own), agents);
        let version = version(&client, is_inside).await?;
        let about = format!("Kubernetes {} on {}", version.git_version, version.platform);
        let forward = options.forward || !is_inside;
        Ok((Self::over(client, namespaces, (about, forward), options, state_dir), common))
    }

    /// Waits until it is this agent's turn, where there may be several, and goes on where the last one ended.
    pub(crate) async fn begin(&self, common: Option<&Common>) -> anyhow::Result<()> {
        if let Some(Common { lease, saved }) = common {
            lease.acquire().await;
            saved.restore().await?;
        }
        self.sweep().await;
        Ok(())
    }

    fn over(
        client: Client,
        (namespace, agents): (String, Option<String>),
        (about, forward): (String, bool),
        options: Options,
        state_dir: &Path,
    ) -> Self {
        Self(Arc::new(Shared {
            client,
            namespace,
            agents,
            about,
            options,
            forwards: forward.then(Forwards::default),
            past: Past(state_dir.join("logs")),
            made: Kept::open(state_dir.join("volumes.json")),
            images: Mutex::default(),
            measured: usage::Measured::default(),
            looked: Mutex::default(),
        }))
    }

    /// The cluster in words.
    pub(crate) fn describe(&self) -> String {
        self.0.about.clone()
    }

    /// The pod of a replica that runs.
    async fn pod_of(&self, id: &str, doing: &str) -> Result<Pod, Fault> {
        let (workload, pods) = self.found(id, doing).await?;
        let pod = state::pod(&workload, &pods).cloned();
        pod.ok_or_else(|| failure(FailureKind::Runtime, format!("{doing}: it has no pod")).into())
    }

    /// Where a pod is reached.
    async fn reached(&self, state: ReplicaState, pod: Option<&Pod>) -> ReplicaState {
        match (&self.0.forwards, state, pod) {
            (Some(forwards), ReplicaState::Running(_), Some(pod)) => {
                ReplicaState::Running(Address::Published(forwards.to(self, pod).await))
            }
            (_, state, _) => state,
        }
    }

    /// Whether it is time to look. Replicas are looked at far more often than that.
    async fn is_to_be_put_right(&self) -> bool {
        let (mut looked, now) = (self.0.looked.lock().await, Instant::now());
        let due = looked.is_none_or(|last| now.duration_since(last) >= drift::LOOK_EVERY);
        if due {
            *looked = Some(now);
        }
        due
    }

    async fn save_logs(&self, workload: &Workload, id: &str) {
        let Some(deployment) = workload.label(mark::DEPLOYMENT).and_then(|id| id.parse().ok()) else {
            return;
        };
        let lines = logs::follow(self, id, past::LAST);
        self.0.past.save((deployment, id), self.secrets_of(id), lines).await;
    }
}

/// The version of a cluster, once it says it. A pod that ended would be started again ever more seldom, so it waits.
async fn version(client: &Client, is_inside: bool) -> anyhow::Result<Info> {
    loop {
        match client.apiserver_version().await {
            Err(error) if is_inside => warn!("the cluster does not answer: {}", chain(&error)),
            answered => return answered.context("the cluster does not answer"),
        }
        sleep(ASK_AGAIN_AFTER).await;
    }
}

impl Runtime for Kubernetes {
    async fn observe(&self, runner: &str) -> Result<Vec<Replica>, Unavailable> {
        let unavailable = |error: kube::Error| Unavailable(chain(&error));
        let selector = mark::selector(mark::RUNNER, runner);
        let workloads = self.workloads(&selector).await.map_err(unavailable)?;
        let pods = self.list::<Pod>(&selector).await.map_err(unavailable)?;
        if let Some(forwards) = &self.0.forwards {
            forwards.retain(&pods).await;
        }
        if self.is_to_be_put_right().await {
            drift::put_right(self, runner, &workloads).await;
        }
        let mut replicas = Vec::new();
        for workload in &workloads {
            let Some(mut replica) = state::replica(workload, &pods) else { continue };
            replica.state = self.reached(replica.state, state::pod(workload, &pods)).await;
            replicas.push(replica);
        }
        Ok(replicas)
    }

    async fn pull(&self, spec: &WorkloadSpec, known: Option<&Digest>) -> Result<Digest, Fault> {
        pull::pull(self, spec, known).await
    }

    async fn start(&self, new: &NewReplica, runner: &str) -> Result<(), Fault> {
        start::start(self, new, runner).await
    }

    async fn keep(&self, id: &str) -> Result<(), Fault> {
        start::keep(self, id).await
    }

    async fn check(&self, id: &str) -> Result<Checked, Fault> {
        let (workload, pods) = self.found(id, "looking at its pod").await?;
        let checked = state::checked(&workload, &pods)?;
        let state = self.reached(checked.state, state::pod(&workload, &pods)).await;
        Ok(Checked { state, ..checked })
    }

    /// The kubelet asks. What it finds is believed; why it is not content is found out by asking as it does.
    async fn ask(&self, id: &str, at: &Address, probe: &Probe) -> Result<(), Failure> {
        if self.is_ready(id).await? {
            return Ok(());
        }
        probe::ask(at, probe).await?;
        Err(failure(FailureKind::ProbeFailed, "its pod is not ready yet"))
    }

    async fn exec_probe(&self, id: &str, command: &[String], _: Duration) -> Result<(), Failure> {
        if self.is_ready(id).await? {
            return Ok(());
        }
        let message = format!("`{}` has not ended with exit code 0 yet", command.join(" "));
        Err(failure(FailureKind::ProbeFailed, message))
    }

    async fn exec(&self, id: &str, command: Vec<String>, tty: Option<Size>) -> Result<Exec, Fault> {
        exec::exec(self, id, command, tty).await
    }

    async fn usage(&self, id: &str) -> Result<Totals, Fault> {
        usage::usage(self, id).await
    }

    async fn stop(&self, id: &str) -> Result<(), Fault> {
        start::stop(self, id).await
    }

    async fn start_again(&self, id: &str) -> Result<(), Fault> {
        start::start_again(self, id).await
    }

    async fn last_lines(&self, id: &str) -> Vec<String> {
        logs::last_lines(self, id).await
    }

    async fn secrets_in(&self, id: &str) -> Result<Vec<Vec<u8>>, Fault> {
        self.secrets_of(id).await
    }

    async fn remove(&self, id: &str) -> Result<(), Fault> {
        start::remove(self, id).await
    }

    fn logs(&self, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static {
        logs::follow(self, id, from)
    }

    async fn past_logs(&self, deployment: DeploymentId) -> Vec<LogLine> {
        self.0.past.read(deployment).await
    }

    async fn forget(&self, deployment: DeploymentId) {
        start::forget(self, deployment).await;
        self.0.past.forget(deployment).await;
    }

    async fn volumes(
        &self,
        runner: &str,
        desired: &[DesiredVolume],
        buried: &[VolumeId],
    ) -> Result<VolumesSeen, Unavailable> {
        volume::look(self, runner, desired, buried).await
    }

    async fn volume_read(&self, volume: VolumeId, snapshot: Option<SnapshotId>) -> Result<Archive, Fault> {
        volume::read(self, volume, snapshot).await
    }

    async fn volume_fill(&self, volume: VolumeId, archive: Archive) -> Result<(), Fault> {
        volume::fill(self, volume, archive).await
    }

    async fn volume_snapshot(&self, volume: VolumeId, snapshot: SnapshotId) -> Result<u64, Fault> {
        volume::snapshot(self, volume, snapshot).await
    }

    async fn volume_restore(&self, volume: VolumeId, snapshot: SnapshotId) -> Result<(), Fault> {
        volume::restore(self, volume, snapshot).await
    }

    async fn volume_forget(&self, snapshot: SnapshotId) -> Result<(), Fault> {
        volume::forget(self, snapshot).await
    }

    /// Nodes look after their disks themselves.
    async fn health(&self) -> HostHealth {
        HostHealth { disk_total: None, disk_free: None, trouble: None, away_since: None }
    }

    /// So do they with images.
    async fn collect_images(&self, _: &[Digest]) {}

    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        events::changes(self)
    }
}

#[cfg(test)]
mod tests;
