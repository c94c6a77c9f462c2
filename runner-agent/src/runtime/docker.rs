//! Docker Engine, from 20.10 (API 1.41), and Podman's Docker socket.

mod image;

use std::{collections::HashMap, net::IpAddr};

use anyhow::Context;
use bollard::{
    errors::Error,
    models::{
        ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary,
        ContainerSummaryStateEnum, ContainerUpdateBody, HostConfig, HostConfigLogConfig,
        NetworkCreateRequest, RestartPolicy, RestartPolicyNameEnum,
    },
    query_parameters::{
        CreateContainerOptions, CreateImageOptions, EventsOptions, ListContainersOptions, LogsOptions,
        RemoveContainerOptions, StopContainerOptions,
    },
};
use futures_util::{Stream, StreamExt, TryStreamExt};
use patr_models::{
    deployment::{
        Digest, Failure, FailureKind, ImageRef, WorkloadSpec,
        logs::{LogLine, LogStream},
    },
    time::Millis,
};

use super::{NewReplica, Replica, ReplicaState, Runtime, Unavailable};
use image::{credentials, pinned, pull_failure, same_repository};

/// What containers carry, so that nothing else must be remembered.
mod label {
    pub(super) const RUNNER: &str = "cloud.patr.runner";
    pub(super) const DEPLOYMENT: &str = "cloud.patr.deployment";
    pub(super) const WORKSPACE: &str = "cloud.patr.workspace";
    pub(super) const GENERATION: &str = "cloud.patr.generation";
    pub(super) const RELEASE: &str = "cloud.patr.release";
    pub(super) const SPEC: &str = "cloud.patr.spec";
    pub(super) const DIGEST: &str = "cloud.patr.digest";
}

/// The bridge network that our containers are on.
const NETWORK: &str = "patr";
/// Lines of a container that ended, in a failure.
const LAST_LINES: &str = "20";

/// An Engine.
#[derive(Clone)]
pub(crate) struct Docker {
    api: bollard::Docker,
    about: String,
}

impl Docker {
    /// Connects as `docker` would (DOCKER_HOST or the local socket) and agrees on a version of the API.
    pub(crate) async fn connect() -> anyhow::Result<Self> {
        let hint = "Docker does not answer: is it installed and running, and may this user use it?";
        let api = bollard::Docker::connect_with_defaults().context(hint)?;
        let api = api.negotiate_version().await.context(hint)?;
        let version = api.version().await.context(hint)?;
        let about = format!(
            "Docker {} on {}/{}",
            version.version.unwrap_or_default(),
            version.os.unwrap_or_default(),
            version.arch.unwrap_or_default(),
        );
        Ok(Self { api, about })
    }

    /// The machine in words.
    pub(crate) fn describe(&self) -> String {
        self.about.clone()
    }

    async fn ensure_network(&self) -> Result<(), Failure> {
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
    async fn local(&self, name: &str) -> Option<(Digest, Vec<String>)> {
        let image = self.api.inspect_image(name).await.ok()?;
        Some((image.id?.parse().ok()?, image.repo_digests.unwrap_or_default()))
    }

    async fn fetch(&self, image: &ImageRef, tag: &str) -> Result<(), Failure> {
        let options = CreateImageOptions {
            from_image: Some(image.repository().to_owned()),
            tag: Some(tag.to_owned()),
            ..Default::default()
        };
        let pulling = self.api.create_image(Some(options), None, credentials(image.registry()));
        pulling.try_for_each(async |_| Ok(())).await.map_err(|error| pull_failure(image, &error))
    }
}

impl Runtime for Docker {
    async fn observe(&self, runner: &str) -> Result<Vec<Replica>, Unavailable> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{}={runner}", label::RUNNER)])]);
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let list = self.api.list_containers(Some(options)).await;
        let list = list.map_err(|error| Unavailable(error.to_string()))?;
        Ok(list.into_iter().filter_map(replica).collect())
    }

    async fn pull(&self, spec: &WorkloadSpec, known: Option<&Digest>) -> Result<Digest, Failure> {
        let image = &spec.image;
        if let Some(digest) = known.cloned().or_else(|| image.digest()) {
            if self.local(&pinned(image, &digest)).await.is_some()
                || self.local(digest.as_str()).await.is_some()
            {
                return Ok(digest);
            }
            self.fetch(image, digest.as_str()).await?;
            return Ok(digest);
        }
        let tag = image.tag().unwrap_or("latest");
        let name = format!("{}:{tag}", image.repository());
        // Made on this machine: there is no registry to ask, and the image's own id is its digest.
        if let Some((id, digests)) = self.local(&name).await
            && digests.is_empty()
        {
            return Ok(id);
        }
        self.fetch(image, tag).await?;
        let missing = || failure(FailureKind::PullFailed, format!("`{image}` was pulled and is not there"));
        let (id, digests) = self.local(&name).await.ok_or_else(missing)?;
        let ours = digests.iter().filter_map(|entry| entry.split_once('@'));
        let digest = ours.filter(|(repository, _)| same_repository(repository, image.repository()));
        Ok(digest.filter_map(|(_, digest)| digest.parse().ok()).next().unwrap_or(id))
    }

    async fn start(&self, new: &NewReplica, runner: &str) -> Result<String, Failure> {
        self.ensure_network().await?;
        let reference = pinned(&new.desired.spec.image, &new.digest);
        // An image made here is known by its id only.
        let image = if self.local(&reference).await.is_some() { reference } else { new.digest.to_string() };
        let name = format!("patr-{}-{}-{:08x}", new.desired.name, new.desired.release, rand::random::<u32>());
        let options = CreateContainerOptions { name: Some(name), ..Default::default() };
        let made = self.api.create_container(Some(options), container(new, image, runner)).await;
        let id = made.map_err(|error| refused("making its container", &error))?.id;
        match self.api.start_container(&id, None).await {
            Ok(()) => Ok(id),
            Err(error) => {
                let why = refused("starting its container", &error);
                self.remove(&id, 0).await?;
                Err(why)
            }
        }
    }

    async fn keep(&self, id: &str) -> Result<(), Failure> {
        let name = Some(RestartPolicyNameEnum::UNLESS_STOPPED);
        let restart_policy = Some(RestartPolicy { name, maximum_retry_count: None });
        let update = ContainerUpdateBody { restart_policy, ..Default::default() };
        self.api.update_container(id, update).await.map_err(|error| refused("keeping its container", &error))
    }

    async fn check(&self, id: &str) -> Result<ReplicaState, Failure> {
        let found = self.api.inspect_container(id, None).await;
        let found = found.map_err(|error| refused("looking at its container", &error))?;
        match state(&found) {
            ReplicaState::Exited => Err(exited(&found)),
            other => Ok(other),
        }
    }

    async fn last_lines(&self, id: &str) -> Vec<String> {
        let tail = LAST_LINES.to_owned();
        let options = LogsOptions { stdout: true, stderr: true, tail, ..Default::default() };
        let output: Vec<_> =
            self.api.logs(id, Some(options)).filter_map(async |line| line.ok()).collect().await;
        output.iter().map(|line| line.to_string().trim_end().to_owned()).collect()
    }

    async fn remove(&self, id: &str, grace_s: u32) -> Result<(), Failure> {
        let options = StopContainerOptions { t: i32::try_from(grace_s).ok(), ..Default::default() };
        // Whether it stops in time or not, removal is by force.
        let _ = self.api.stop_container(id, Some(options)).await;
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        match self.api.remove_container(id, Some(options)).await {
            Ok(()) | Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
            Err(error) => Err(refused("removing its container", &error)),
        }
    }

    fn logs(&self, id: &str, follow: bool, tail: u32) -> impl Stream<Item = LogLine> + Send + 'static {
        let options = LogsOptions {
            follow,
            stdout: true,
            stderr: true,
            timestamps: true,
            tail: tail.to_string(),
            ..Default::default()
        };
        let replica: String = id.chars().take(12).collect();
        // The API borrows itself in the stream, so each stream has its own.
        let (api, id) = (self.api.clone(), id.to_owned());
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        tokio::spawn(async move {
            let mut output = std::pin::pin!(api.logs(&id, Some(options)));
            while let Some(Ok(output)) = output.next().await {
                let line = log_line(&replica, output);
                if sender.send(line).await.is_err() {
                    return;
                }
            }
        });
        futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
    }

    fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        let filters = HashMap::from([
            ("type".to_owned(), vec!["container".to_owned()]),
            ("label".to_owned(), vec![label::RUNNER.to_owned()]),
            ("event".to_owned(), ["die", "start", "destroy", "oom"].map(str::to_owned).to_vec()),
        ]);
        let api = self.api.clone();
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            while !sender.is_closed() {
                let options = EventsOptions { filters: Some(filters.clone()), ..Default::default() };
                let mut events = std::pin::pin!(api.events(Some(options)));
                while let Some(Ok(_)) = events.next().await {
                    // One reminder is as good as many.
                    let _ = sender.try_send(());
                }
                // The Engine is away; the reconciler looks regularly anyway.
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            }
        });
        futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
    }
}

fn container(new: &NewReplica, image: String, runner: &str) -> ContainerCreateBody {
    let (desired, spec) = (&new.desired, &new.desired.spec);
    let labels = [
        (label::RUNNER, runner.to_owned()),
        (label::DEPLOYMENT, desired.id.to_string()),
        (label::WORKSPACE, desired.workspace.to_string()),
        (label::GENERATION, desired.generation.to_string()),
        (label::RELEASE, desired.release.to_string()),
        (label::SPEC, new.hash.clone()),
        (label::DIGEST, new.digest.to_string()),
    ];
    let some = |words: &Vec<String>| Some(words.clone()).filter(|words| !words.is_empty());
    ContainerCreateBody {
        image: Some(image),
        entrypoint: some(&spec.entrypoint),
        cmd: some(&spec.command),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels.map(|(name, value)| (name.to_owned(), value)).into()),
        stop_timeout: spec.stop_grace_s.map(i64::from),
        host_config: Some(HostConfig {
            network_mode: Some(NETWORK.to_owned()),
            nano_cpus: spec.resources.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
            memory: spec.resources.memory_bytes.and_then(|bytes| i64::try_from(bytes).ok()),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(HashMap::from([
                    ("max-size".to_owned(), "10m".to_owned()),
                    ("max-file".to_owned(), "3".to_owned()),
                ])),
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn replica(summary: ContainerSummary) -> Option<Replica> {
    let labels = summary.labels?;
    let address = summary
        .network_settings
        .and_then(|settings| settings.networks)
        .and_then(|networks| networks.into_values().find_map(|network| network.ip_address?.parse().ok()));
    Some(Replica {
        id: summary.id?,
        deployment: labels.get(label::DEPLOYMENT)?.parse().ok()?,
        generation: labels.get(label::GENERATION)?.parse().ok()?,
        release: labels.get(label::RELEASE)?.parse().ok()?,
        hash: labels.get(label::SPEC)?.clone(),
        digest: labels.get(label::DIGEST).and_then(|digest| digest.parse().ok()),
        state: match summary.state {
            Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED) => {
                ReplicaState::Running { address }
            }
            Some(ContainerSummaryStateEnum::RESTARTING) => ReplicaState::Restarting,
            _ => ReplicaState::Exited,
        },
        restarts: 0,
    })
}

fn state(found: &ContainerInspectResponse) -> ReplicaState {
    let status = found.state.as_ref().and_then(|state| state.status);
    match status {
        Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::PAUSED) => {
            let networks = found.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
            let address: Option<IpAddr> = networks.and_then(|networks| {
                networks.values().find_map(|network| network.ip_address.as_ref()?.parse().ok())
            });
            ReplicaState::Running { address }
        }
        Some(ContainerStateStatusEnum::RESTARTING | ContainerStateStatusEnum::CREATED) => {
            ReplicaState::Restarting
        }
        _ => ReplicaState::Exited,
    }
}

fn exited(found: &ContainerInspectResponse) -> Failure {
    let state = found.state.as_ref();
    let code = state.and_then(|state| state.exit_code).unwrap_or_default();
    if state.and_then(|state| state.oom_killed).unwrap_or_default() {
        return failure(
            FailureKind::OutOfMemory,
            "it used more memory than it may, and was killed".to_owned(),
        );
    }
    let signal = if code > 128 { format!(" (signal {})", code - 128) } else { String::new() };
    failure(FailureKind::Exited, format!("it ended with exit code {code}{signal}"))
}

pub(crate) fn failure(kind: FailureKind, message: String) -> Failure {
    Failure { kind, message, logs: Vec::new() }
}

fn words(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

fn refused(doing: &str, error: &Error) -> Failure {
    failure(FailureKind::Runtime, format!("{doing}: {}", words(error)))
}

fn log_line(replica: &str, output: bollard::container::LogOutput) -> LogLine {
    use bollard::container::LogOutput;
    let stream =
        if matches!(output, LogOutput::StdErr { .. }) { LogStream::Stderr } else { LogStream::Stdout };
    let text = String::from_utf8_lossy(&output.into_bytes()).into_owned();
    let (at, text) = text.split_once(' ').unwrap_or(("", &text));
    // Nanoseconds are cut: times have milliseconds.
    let at: Millis = at.get(..23).and_then(|at| format!("{at}Z").parse().ok()).unwrap_or_default();
    LogLine { at, replica: replica.to_owned(), stream, text: text.trim_end_matches(['\r', '\n']).to_owned() }
}
