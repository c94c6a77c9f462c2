//! Docker Engine, from 20.10 (API 1.41), and Podman's Docker socket.

mod container;
mod credentials;
mod exec;
mod image;
mod logs;
mod request;
mod usage;
mod words;

use std::{collections::HashMap, time::Duration};

use anyhow::Context;
use bollard::{
    errors::Error,
    models::{
        ContainerInspectResponse, ContainerUpdateBody, NetworkCreateRequest, RestartPolicy,
        RestartPolicyNameEnum, SystemInfo,
    },
    query_parameters::{
        CreateContainerOptions, CreateImageOptions, EventsOptions, ListContainersOptions,
        RemoveContainerOptions, RenameContainerOptions, StopContainerOptions,
    },
};
use futures_util::{Stream, StreamExt, stream};
use patr_models::{
    deployment::{
        Digest, Failure, FailureKind, ImageRef, WorkloadSpec, exec::Size, logs::LogLine, spec::Probe,
    },
    ids::{DeploymentId, SnapshotId, VolumeId},
    wire::{DesiredVolume, HostHealth},
};
use tokio::{
    sync::mpsc,
    time::{self, timeout},
};

use super::{
    Address, Archive, Checked, Exec, Fault, LogsFrom, NewReplica, Replica, ReplicaState, Runtime, Totals,
    Unavailable, VolumesSeen, failure, probe,
};
use container::label;
use image::{is_of_this_machine, of_repository, pinned};
use words::{chain, exited, is_missing, pull_fault, refused};

/// The bridge network that our containers are on.
const NETWORK: &str = "patr";
/// How long a registry may send nothing at all.
const PULL_STALLS: Duration = Duration::from_secs(120);

/// An Engine.
#[derive(Clone)]
pub(crate) struct Docker {
    api: bollard::Docker,
    about: String,
    /// Containers are reached through ports on loopback instead of their addresses.
    publish: bool,
}

impl Docker {
    /// Connects as `docker` would (DOCKER_HOST or the local socket) and agrees on a version of the API. `publish`
    /// says to reach containers through ports on loopback although their addresses seem to be reachable.
    pub(crate) async fn connect(publish: bool) -> anyhow::Result<Self> {
        let hint = "Docker does not answer: is it installed and running, and may this user use it?";
        Self::over(bollard::Docker::connect_with_defaults().context(hint)?, publish).await.context(hint)
    }

    async fn over(api: bollard::Docker, publish: bool) -> Result<Self, Error> {
        let api = api.negotiate_version().await?;
        let version = api.client_version();
        let api = api.with_request_modifier(request::mend(version));
        let (version, info) = (api.version().await?, api.info().await?);
        let about = format!(
            "Docker {} on {}/{}",
            version.version.unwrap_or_default(),
            version.os.unwrap_or_default(),
            version.arch.unwrap_or_default(),
        );
        let publish = publish || hides_containers(&info);
        Ok(Self { api, about, publish })
    }

    /// The machine in words.
    pub(crate) fn describe(&self) -> String {
        self.about.clone()
    }

    async fn ensure_network(&self) -> Result<(), Fault> {
        if self.api.inspect_network(NETWORK, None).await.is_ok() {
            return Ok(());
        }
        let name = NETWORK.to_owned();
        let request = NetworkCreateRequest { name, driver: Some("bridge".to_owned()), ..Default::default() };
        match self.api.create_network(request).await {
            Ok(_) => Ok(()),
            // Another deployment's first start was faster.
            Err(Error::DockerResponseServerError { status_code: 409, .. }) => Ok(()),
            Err(error) => Err(refused("making its network", &error)),
        }
    }

    /// The image as it is here: its id, and the digests that registries know it by.
    async fn local(&self, name: &str) -> Result<Option<(Digest, Vec<String>)>, Fault> {
        match self.api.inspect_image(name).await {
            Ok(image) => {
                let id = image.id.and_then(|id| words::digest(&id));
                Ok(id.map(|id| (id, image.repo_digests.unwrap_or_default())))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused("looking for its image", &error)),
        }
    }

    async fn fetch(&self, image: &ImageRef, tag: &str) -> Result<(), Fault> {
        let options = CreateImageOptions {
            from_image: Some(image.repository().to_owned()),
            tag: Some(tag.to_owned()),
            ..Default::default()
        };
        let login = credentials::find(image.registry()).await?;
        let mut pulling = self.api.create_image(Some(options), None, login);
        loop {
            match timeout(PULL_STALLS, pulling.next()).await {
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(pull_fault(image, &error)),
                Ok(None) => return Ok(()),
                Err(_) => {
                    let message = format!("pulling `{image}`: nothing came for {} s", PULL_STALLS.as_secs());
                    return Err(failure(FailureKind::PullFailed, message).into());
                }
            }
        }
    }

    async fn stop_in_time(&self, found: &ContainerInspectResponse, id: &str) -> Result<(), Error> {
        // The request lasts as long as the container takes to stop.
        let patience = container::grace(found) + Duration::from_secs(60);
        let stopping = self.api.clone().with_timeout(patience);
        already(stopping.stop_container(id, None::<StopContainerOptions>).await)
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

impl Runtime for Docker {
    async fn observe(&self, runner: &str) -> Result<Vec<Replica>, Unavailable> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{}={runner}", label::RUNNER)])]);
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let list = self.api.list_containers(Some(options)).await;
        let list = list.map_err(|error| Unavailable(chain(&error)))?;
        Ok(list.into_iter().filter_map(container::replica).collect())
    }

    async fn pull(&self, spec: &WorkloadSpec, known: Option<&Digest>) -> Result<Digest, Fault> {
        let image = &spec.image;
        if let Some(digest) = known.cloned().or_else(|| image.digest()) {
            let here = self.local(&pinned(image, &digest)).await?.is_some()
                || self.local(digest.as_str()).await?.is_some();
            if !here {
                self.fetch(image, digest.as_str()).await?;
            }
            return Ok(digest);
        }
        let tag = image.tag().unwrap_or("latest");
        let name = format!("{}:{tag}", image.repository());
        // Made on this machine: there is no registry to ask, and the image's own id is its digest. That it was pushed
        // under another name does not make this name one of a registry.
        if let Some((id, digests)) = self.local(&name).await?
            && (of_repository(&digests, image).next().is_none() || is_of_this_machine(image))
        {
            return Ok(id);
        }
        self.fetch(image, tag).await?;
        let missing = || failure(FailureKind::PullFailed, format!("`{image}` was pulled and is not there"));
        let (id, digests) = self.local(&name).await?.ok_or_else(missing)?;
        Ok(of_repository(&digests, image).find_map(|digest| digest.parse().ok()).unwrap_or(id))
    }

    async fn start(&self, new: &NewReplica, runner: &str) -> Result<(), Fault> {
        self.ensure_network().await?;
        let reference = pinned(&new.desired.spec.image, &new.digest);
        // An image made here is known by its id only.
        let here = self.local(&reference).await?.is_some();
        let image = if here { reference } else { new.digest.to_string() };
        let name = container::unproven_name(new, rand::random());
        let options = CreateContainerOptions { name: Some(name), ..Default::default() };
        let body = container::create(new, image, runner, self.publish);
        let made = self.api.create_container(Some(options), body).await;
        let id = made.map_err(|error| refused("making its container", &error))?.id;
        if let Err(error) = self.api.start_container(&id, None).await {
            // Should this fail too, the container is found by its labels and removed as one that has ended.
            let _ = self.remove(&id).await;
            return Err(refused("starting its container", &error));
        }
        Ok(())
    }

    async fn keep(&self, id: &str) -> Result<(), Fault> {
        let refused = |error: Error| refused("keeping its container", &error);
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
        let found = found.map_err(|error| refused("looking at its container", &error))?;
        let restarts = found.restart_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
        match container::state(&found) {
            ReplicaState::Exited => Err(exited(&found).into()),
            state => {
                let ended = (state == ReplicaState::Restarting).then(|| exited(&found));
                Ok(Checked { state, ended, restarts })
            }
        }
    }

    async fn ask(&self, at: &Address, probe: &Probe) -> Result<(), Failure> {
        probe::ask(at, probe).await
    }

    async fn exec_probe(&self, id: &str, command: &[String], patience: Duration) -> Result<(), Failure> {
        exec::probe(self, id, command, patience).await
    }

    async fn exec(&self, id: &str, command: Vec<String>, tty: Option<Size>) -> Result<Exec, Fault> {
        exec::exec(self, id, command, tty).await
    }

    async fn usage(&self, id: &str) -> Result<Totals, Fault> {
        usage::usage(self, id).await
    }

    async fn pause(&self, id: &str) -> Result<(), Fault> {
        already(self.api.pause_container(id).await).map_err(|error| refused("pausing its container", &error))
    }

    async fn unpause(&self, id: &str) -> Result<(), Fault> {
        already(self.api.unpause_container(id).await)
            .map_err(|error| refused("letting its container go on", &error))
    }

    async fn stop(&self, id: &str) -> Result<(), Fault> {
        let found = self.api.inspect_container(id, None).await;
        let found = found.map_err(|error| refused("stopping its container", &error))?;
        self.stop_in_time(&found, id).await.map_err(|error| refused("stopping its container", &error))
    }

    async fn start_again(&self, id: &str) -> Result<(), Fault> {
        let started = self.api.start_container(id, None).await;
        started.map_err(|error| refused("starting its container again", &error))
    }

    async fn last_lines(&self, id: &str) -> Vec<String> {
        logs::last_lines(self, id).await
    }

    async fn remove(&self, id: &str) -> Result<(), Fault> {
        let found = self.inspect(id).await.map_err(|error| refused("removing its container", &error))?;
        let Some(found) = found else { return Ok(()) };
        // Whether it stops in time or not, removal is by force.
        let _ = self.stop_in_time(&found, id).await;
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        match self.api.remove_container(id, Some(options)).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(refused("removing its container", &error)),
        }
    }

    fn logs(&self, id: &str, from: LogsFrom) -> impl Stream<Item = LogLine> + Send + 'static {
        logs::follow(self, id, from)
    }

    async fn past_logs(&self, _: DeploymentId) -> Vec<LogLine> {
        Vec::new()
    }

    async fn forget(&self, _: DeploymentId) {}

    async fn secrets_in(&self, _: &str) -> Result<Vec<Vec<u8>>, Fault> {
        Ok(Vec::new())
    }

    async fn volumes(
        &self,
        _: &str,
        _: &[DesiredVolume],
        _: &[VolumeId],
    ) -> Result<VolumesSeen, Unavailable> {
        Ok(VolumesSeen::default())
    }

    async fn volume_read(&self, _: VolumeId, _: Option<SnapshotId>) -> Result<Archive, Fault> {
        Err(no_volumes())
    }

    async fn volume_fill(&self, _: VolumeId, _: Archive) -> Result<(), Fault> {
        Err(no_volumes())
    }

    async fn volume_snapshot(&self, _: VolumeId, _: SnapshotId) -> Result<u64, Fault> {
        Err(no_volumes())
    }

    async fn volume_restore(&self, _: VolumeId, _: SnapshotId) -> Result<(), Fault> {
        Err(no_volumes())
    }

    async fn volume_forget(&self, _: SnapshotId) -> Result<(), Fault> {
        Err(no_volumes())
    }

    async fn health(&self) -> HostHealth {
        HostHealth { disk_total: None, disk_free: None, trouble: None }
    }

    async fn collect_images(&self, _: &[Digest]) {}

    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        let (sender, receiver) = mpsc::channel(1);
        let api = self.api.clone();
        tokio::spawn(async move {
            while !sender.is_closed() {
                listen(&api, &sender).await;
                // The Engine is away; the reconciler looks regularly anyway.
                time::sleep(Duration::from_secs(1)).await;
            }
        });
        stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
    }
}

/// Reminds of every change until the Engine goes away.
async fn listen(api: &bollard::Docker, reminders: &mpsc::Sender<()>) {
    let filters = HashMap::from([
        ("type".to_owned(), vec!["container".to_owned()]),
        ("label".to_owned(), vec![label::RUNNER.to_owned()]),
        ("event".to_owned(), ["die", "start", "destroy", "oom"].map(str::to_owned).to_vec()),
    ]);
    let mut events =
        std::pin::pin!(api.events(Some(EventsOptions { filters: Some(filters), ..Default::default() })));
    // What happened before the Engine began to tell is told by nobody: look once more when it surely has.
    let mut begun = std::pin::pin!(time::sleep(Duration::from_secs(1)));
    let mut listening = false;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(_)) => remind(reminders),
                Some(Err(_)) | None => return,
            },
            () = &mut begun, if !listening => {
                listening = true;
                remind(reminders);
            }
        }
    }
}

fn remind(reminders: &mpsc::Sender<()>) {
    // One that waits to be taken is as good as another.
    let _ = reminders.try_send(());
}

/// Whoever asks for what is so already has got it.
fn already(answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Err(Error::DockerResponseServerError { status_code: 304 | 409, .. }) => Ok(()),
        other => other,
    }
}

fn no_volumes() -> Fault {
    failure(FailureKind::Runtime, "this agent has no volumes yet").into()
}

#[cfg(test)]
mod tests;
