//! Docker Engine, from 20.10 (API 1.41), and Podman's Docker socket.

mod container;
mod credentials;
mod disk;
mod events;
mod exec;
mod files;
mod image;
mod logs;
mod network;
mod pull;
mod pulled;
mod request;
mod secrets;
mod start;
mod usage;
mod volume;
mod words;

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use bollard::{
    ClientVersion,
    errors::Error,
    models::{
        ContainerInspectResponse, ContainerUpdateBody, RestartPolicy, RestartPolicyNameEnum, SystemInfo,
    },
    query_parameters::{
        ListContainersOptions, RemoveContainerOptions, RenameContainerOptions, StopContainerOptions,
    },
};
use futures_util::Stream;
use patr_models::{
    deployment::{Digest, Failure, WorkloadSpec, exec::Size, logs::LogLine, spec::Probe},
    ids::{DeploymentId, SnapshotId, VolumeId},
    wire::{DesiredVolume, HostHealth},
};
use tokio::{
    sync::{Mutex, RwLock},
    time::Instant,
};
use tracing::warn;

use super::{
    Address, Archive, Checked, Exec, Fault, Health, LogsFrom, NewReplica, Replica, ReplicaState, Runtime,
    Totals, Unavailable, VolumesSeen, beginning, failure,
    kept::Kept,
    past::{self, Past},
    probe,
};
use container::label;
use disk::Disk;
use pulled::Pulled;
use volume::still::Held;
use words::{chain, exited, is_missing, refused, refused_of};

/// How often networks that nothing uses are looked for.
const TIDY: Duration = Duration::from_secs(10 * 60);

/// An Engine.
#[derive(Clone)]
pub(crate) struct Docker {
    api: bollard::Docker,
    version: ClientVersion,
    about: String,
    /// Containers are reached through ports on loopback instead of their addresses.
    publish: bool,
    shared: Arc<Shared>,
}

/// What is remembered besides what the Engine knows.
struct Shared {
    /// Which process this is; what others of its runner have left behind is removed.
    agent: String,
    disk: Disk,
    past: Past,
    pulled: Pulled,
    /// Volumes that were there.
    made: Kept<BTreeSet<VolumeId>>,
    sizes: volume::Sizes,
    /// Whoever reads needs a network that no container is on yet; whoever writes removes such.
    networks: RwLock<()>,
    /// One network is made at a time.
    making_network: Mutex<()>,
    held: Held,
    tidied: Mutex<Option<Instant>>,
}

impl Shared {
    fn new(state_dir: &Path, disk: Disk) -> Self {
        Self {
            agent: format!("{:016x}", rand::random::<u64>()),
            disk,
            past: Past(state_dir.join("logs")),
            pulled: Pulled::open(state_dir.join("images.json")),
            made: Kept::open(state_dir.join("volumes.json")),
            sizes: volume::Sizes::default(),
            networks: RwLock::default(),
            making_network: Mutex::default(),
            held: Held::default(),
            tidied: Mutex::default(),
        }
    }
}

impl Docker {
    /// Connects as `docker` would (DOCKER_HOST or the local socket) and agrees on a version of the API. `publish`
    /// says to reach containers through ports on loopback although their addresses seem to be reachable.
    pub(crate) async fn connect(publish: bool, state_dir: &Path) -> anyhow::Result<Self> {
        let hint = "Docker does not answer: is it installed and running, and may this user use it?";
        let api = bollard::Docker::connect_with_defaults().context(hint)?;
        Self::over(api, publish, state_dir).await.context(hint)
    }

    async fn over(api: bollard::Docker, publish: bool, state_dir: &Path) -> Result<Self, Error> {
        let api = api.negotiate_version().await?;
        let version = api.client_version();
        let api = api.with_request_modifier(request::mend(version));
        let (said, info) = (api.version().await?, api.info().await?);
        let about = format!(
            "Docker {} on {}/{}",
            said.version.unwrap_or_default(),
            said.os.unwrap_or_default(),
            said.arch.unwrap_or_default(),
        );
        let publish = publish || hides_containers(&info);
        let disk = Disk(info.docker_root_dir.filter(|_| is_on_this_machine()).map(PathBuf::from));
        Ok(Self { api, version, about, publish, shared: Arc::new(Shared::new(state_dir, disk)) })
    }

    /// The machine in words.
    pub(crate) fn describe(&self) -> String {
        self.about.clone()
    }

    /// Removes what nobody needs any more, now and then; the first time also what an agent that crashed has left.
    async fn tidy(&self, runner: &str) {
        let mut tidied = self.shared.tidied.lock().await;
        if tidied.is_some_and(|last| last.elapsed() < TIDY) {
            return;
        }
        if tidied.is_none()
            && let Err(error) = volume::sweep(self, runner).await
        {
            warn!("looking for what an agent before this one has left: {}", chain(&error));
            return;
        }
        *tidied = Some(Instant::now());
        network::sweep(self, runner).await;
    }

    async fn stop_in_time(&self, found: &ContainerInspectResponse, id: &str) -> Result<(), Error> {
        // The request lasts as long as the container takes to stop.
        let patience = container::grace(found) + Duration::from_secs(60);
        let stopping = self.api.clone().with_timeout(patience);
        already(stopping.stop_container(id, None::<StopContainerOptions>).await)
    }

    /// Removes a container with its anonymous volumes. Already gone is success.
    async fn discard(&self, id: &str) -> Result<(), Error> {
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        match self.api.remove_container(id, Some(options)).await {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn inspect(&self, id: &str) -> Result<Option<ContainerInspectResponse>, Error> {
        match self.api.inspect_container(id, None).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether this machine cannot reach the addresses of containers, because they are in a virtual machine or in a
/// network namespace of the Engine's own.
fn hides_containers(info: &SystemInfo) -> bool {
    let rootless = |option: &String| option.contains("rootless");
    info.security_options.iter().flatten().any(rootless)
        || info.operating_system.as_deref() == Some("Docker Desktop")
}

/// Whether the Engine's files are this machine's.
fn is_on_this_machine() -> bool {
    std::env::var("DOCKER_HOST").map_or(true, |host| host.starts_with("unix://"))
}

impl Runtime for Docker {
    async fn observe(&self, runner: &str) -> Result<Vec<Replica>, Unavailable> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{}={runner}", label::RUNNER)])]);
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let list = self.api.list_containers(Some(options)).await;
        let list = list.map_err(|error| Unavailable(chain(&error)))?;
        Ok(list.into_iter().filter_map(container::replica).collect())
    }

    async fn pull(&self, spec: &WorkloadSpec, known: Option<&Digest>) -> Result<Digest, Fault> {
        pull::pull(self, spec, known).await
    }

    async fn start(&self, new: &NewReplica, runner: &str) -> Result<(), Fault> {
        start::start(self, new, runner).await
    }

    async fn keep(&self, id: &str) -> Result<(), Fault> {
        let refused = |error: Error| refused_of("keeping its container", &error);
        let name = Some(RestartPolicyNameEnum::UNLESS_STOPPED);
        let restart_policy = Some(RestartPolicy { name, maximum_retry_count: None });
        let update = ContainerUpdateBody { restart_policy, ..Default::default() };
        match self.api.update_container(id, update).await {
            Ok(()) => {}
            // Podman before 5 cannot change a policy: such a container is replaced by this agent when it ends.
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(refused(error)),
        }
        let found = self.api.inspect_container(id, None).await.map_err(refused)?;
        let Some(name) = container::proven_name(&found) else { return Ok(()) };
        self.api.rename_container(id, RenameContainerOptions { name }).await.map_err(refused)
    }

    async fn check(&self, id: &str) -> Result<Checked, Fault> {
        let found = self.api.inspect_container(id, None).await;
        let found = found.map_err(|error| refused_of("looking at its container", &error))?;
        let restarts = found.restart_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
        match container::state(&found) {
            ReplicaState::Exited => Err(exited(&found).into()),
            state => {
                let ended = (state == ReplicaState::Restarting).then(|| exited(&found));
                Ok(Checked { state, ended, restarts })
            }
        }
    }

    async fn ask(&self, _: &str, at: &Address, probe: &Probe) -> Result<(), Failure> {
        probe::ask(at, probe).await
    }

    async fn exec_probe(&self, id: &str, command: &[String], patience: Duration) -> Result<(), Failure> {
        exec::probe(self, id, command, patience).await
    }

    async fn exec(&self, id: &str, command: Vec<String>, tty: Option<Size>) -> Result<Exec, Fault> {
        exec::exec(self, id, command, tty).await
    }

    fn is_held(&self, id: &str) -> bool {
        self.shared.held.contains(id)
    }

    async fn usage(&self, id: &str) -> Result<Totals, Fault> {
        usage::usage(self, id).await
    }

    async fn stop(&self, id: &str) -> Result<(), Fault> {
        let found = self.api.inspect_container(id, None).await;
        let refused = |error: Error| refused_of("stopping its container", &error);
        self.stop_in_time(&found.map_err(refused)?, id).await.map_err(refused)
    }

    async fn start_again(&self, id: &str) -> Result<(), Fault> {
        let started = self.api.start_container(id, None).await;
        started.map_err(|error| refused("starting its container again", &error))
    }

    async fn last_lines(&self, id: &str) -> Vec<String> {
        logs::last_lines(self, id).await
    }

    async fn secrets_in(&self, id: &str) -> Result<Vec<Vec<u8>>, Fault> {
        self.secrets_of(id).await
    }

    async fn remove(&self, id: &str) -> Result<(), Fault> {
        let found = self.inspect(id).await.map_err(|error| refused("removing its container", &error))?;
        let Some(found) = found else { return Ok(()) };
        // Whether it stops in time or not, removal is by force.
        let _ = self.stop_in_time(&found, id).await;
        if let Some(deployment) = container::deployment(&found) {
            let lines = logs::follow(self, id, past::LAST);
            self.shared.past.save((deployment, id), self.secrets_of(id), lines).await;
        }
        self.discard(id).await.map_err(|error| refused("removing its container", &error))
    }

    fn logs(&self, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static {
        logs::follow(self, id, from)
    }

    async fn past_logs(&self, deployment: DeploymentId) -> Vec<LogLine> {
        self.shared.past.read(deployment).await
    }

    async fn forget(&self, deployment: DeploymentId) {
        self.shared.past.forget(deployment).await;
    }

    async fn volumes(
        &self,
        runner: &str,
        desired: &[DesiredVolume],
        buried: &[VolumeId],
    ) -> Result<VolumesSeen, Unavailable> {
        self.tidy(runner).await;
        volume::look(self, runner, desired, buried).await
    }

    async fn volume_read(&self, volume: VolumeId, snapshot: Option<SnapshotId>) -> Result<Archive, Fault> {
        volume::contents::read(self, volume, snapshot).await
    }

    async fn volume_fill(&self, volume: VolumeId, archive: Archive) -> Result<(), Fault> {
        volume::contents::fill(self, volume, archive).await
    }

    async fn volume_snapshot(&self, volume: VolumeId, snapshot: SnapshotId) -> Result<u64, Fault> {
        volume::contents::snapshot(self, volume, snapshot).await
    }

    async fn volume_restore(&self, volume: VolumeId, snapshot: SnapshotId) -> Result<(), Fault> {
        volume::contents::restore(self, volume, snapshot).await
    }

    async fn volume_forget(&self, snapshot: SnapshotId) -> Result<(), Fault> {
        volume::contents::forget(self, snapshot).await
    }

    async fn health(&self) -> HostHealth {
        disk::health(self).await
    }

    async fn collect_images(&self, keep: &[Digest]) {
        pulled::collect(self, keep).await;
    }

    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        events::changes(self)
    }
}

/// Whoever asks for what is so already has got it.
fn already(answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Err(Error::DockerResponseServerError { status_code: 304 | 409, .. }) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
