//! A replica as a container, and back.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary,
    ContainerSummaryStateEnum, EndpointSettings, HostConfig, HostConfigLogConfig, Mount, MountType,
    NetworkingConfig, PortBinding, PortMap,
};
use patr_models::{
    deployment::{
        Failure, WorkloadSpec,
        spec::{FileContent, FileSpec, PortProtocol},
    },
    ids::DeploymentId,
};

use super::{Address, Health, NewReplica, Replica, ReplicaState, volume};

/// What containers carry, so that nothing else must be remembered.
pub(super) mod label {
    pub(crate) const RUNNER: &str = "cloud.patr.runner";
    pub(crate) const DEPLOYMENT: &str = "cloud.patr.deployment";
    pub(crate) const WORKSPACE: &str = "cloud.patr.workspace";
    pub(crate) const GENERATION: &str = "cloud.patr.generation";
    pub(crate) const RELEASE: &str = "cloud.patr.release";
    pub(crate) const SPEC: &str = "cloud.patr.spec";
    pub(crate) const DIGEST: &str = "cloud.patr.digest";
    pub(crate) const PROBE: &str = "cloud.patr.probe";
    pub(crate) const HTTP_PORT: &str = "cloud.patr.http-port";
    /// Which environment variables, and which files, hold secrets: lists in JSON.
    pub(crate) const SECRET_ENV: &str = "cloud.patr.secret-env";
    pub(crate) const SECRET_FILES: &str = "cloud.patr.secret-files";
    /// Of volumes and of their snapshots.
    pub(crate) const VOLUME: &str = "cloud.patr.volume";
    pub(crate) const VOLUME_NAME: &str = "cloud.patr.volume-name";
    pub(crate) const SNAPSHOT: &str = "cloud.patr.snapshot";
    /// Of containers that are no replicas: whose they are, and which process of it made them.
    pub(crate) const CARRIER: &str = "cloud.patr.carrier";
    pub(crate) const AGENT: &str = "cloud.patr.agent";
}

/// How long the Engine lets a container stop when nothing was said.
const GRACE: Duration = Duration::from_secs(10);

/// What the name of a container ends in until it has been proved. Labels cannot be changed; names can, and people read
/// them.
const UNPROVEN: &str = "-starting";

pub(super) fn unproven_name(new: &NewReplica, random: u32) -> String {
    format!("patr-{}-{}-{random:08x}{UNPROVEN}", new.desired.name, new.desired.release)
}

/// The name of a container that has been proved; `None` when it has it.
pub(super) fn proven_name(found: &ContainerInspectResponse) -> Option<String> {
    found.name.as_deref()?.trim_start_matches('/').strip_suffix(UNPROVEN).map(str::to_owned)
}

/// What the Engine is asked to make. It is not started again should it fail: not before it was proved.
pub(super) fn create(
    new: &NewReplica,
    image: String,
    network: String,
    runner: &str,
    publish: bool,
) -> Result<ContainerCreateBody, Failure> {
    let spec = &new.desired.spec;
    let some = |words: &Vec<String>| Some(words.clone()).filter(|words| !words.is_empty());
    let aliases = Some(vec![new.desired.name.to_string()]);
    let endpoint = EndpointSettings { aliases, ..Default::default() };
    Ok(ContainerCreateBody {
        image: Some(image),
        entrypoint: some(&spec.entrypoint),
        cmd: some(&spec.command),
        user: spec.user.clone(),
        working_dir: spec.working_dir.as_ref().map(ToString::to_string),
        env: Some(environment(new)?),
        labels: Some(labels(new, runner)),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: spec.stop_grace_s.map(i64::from),
        exposed_ports: Some(spec.ports.iter().map(|port| on(port.port, port.protocol)).collect()),
        host_config: Some(host_config(spec, network.clone(), publish)),
        networking_config: Some(NetworkingConfig { endpoints_config: Some([(network, endpoint)].into()) }),
        ..Default::default()
    })
}

fn host_config(spec: &WorkloadSpec, network: String, publish: bool) -> HostConfig {
    HostConfig {
        network_mode: Some(network),
        port_bindings: publish.then(|| on_loopback(spec)),
        nano_cpus: spec.resources.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
        memory: spec.resources.memory_bytes.and_then(|bytes| i64::try_from(bytes).ok()),
        mounts: Some(mounts(spec)),
        extra_hosts: Some(spec.hosts.iter().map(|(host, address)| format!("{host}:{address}")).collect()),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), "10m".to_owned()),
                ("max-file".to_owned(), "3".to_owned()),
            ])),
        }),
        ..Default::default()
    }
}

fn environment(new: &NewReplica) -> Result<Vec<String>, Failure> {
    let spec = &new.desired.spec;
    let mut environment: Vec<_> = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for (name, used) in &spec.secrets {
        environment.push(format!("{name}={}", new.secret_text(name, used)?));
    }
    Ok(environment)
}

fn mounts(spec: &WorkloadSpec) -> Vec<Mount> {
    let mounts = spec.volumes.iter().filter_map(|(path, mount)| {
        Some(Mount {
            target: Some(path.to_string()),
            source: Some(volume::name(mount.id?)),
            typ: Some(MountType::VOLUME),
            read_only: Some(mount.read_only),
            ..Default::default()
        })
    });
    mounts.collect()
}

fn labels(new: &NewReplica, runner: &str) -> HashMap<String, String> {
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
    // Plain data: it cannot fail to serialise.
    let probe = spec.effective_probe().and_then(|probe| serde_json::to_string(&probe).ok());
    let is_secret = |file: &FileSpec| matches!(file.content, FileContent::Secret(_));
    let files: Vec<_> = spec.files.iter().filter(|(_, file)| is_secret(file)).map(|(path, _)| path).collect();
    let secret_env: Vec<_> = spec.secrets.keys().collect();
    let some = [
        (label::PROBE, probe),
        (label::HTTP_PORT, spec.first_http_port().map(|port| port.to_string())),
        (label::SECRET_ENV, serde_json::to_string(&secret_env).ok().filter(|_| !secret_env.is_empty())),
        (label::SECRET_FILES, serde_json::to_string(&files).ok().filter(|_| !files.is_empty())),
    ];
    let some = some.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let ours = labels.into_iter().chain(some).map(|(name, value)| (name.to_owned(), value));
    // Ours last: nobody else says them.
    spec.labels.clone().into_iter().chain(ours).collect()
}

fn on(port: u16, protocol: PortProtocol) -> String {
    let transport = if protocol == PortProtocol::Udp { "udp" } else { "tcp" };
    format!("{port}/{transport}")
}

/// Each port that is proxied or probed, on a free one of this machine's loopback.
fn on_loopback(spec: &WorkloadSpec) -> PortMap {
    let free = || PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
    let proxied = spec.ports.iter().filter(|port| port.protocol != PortProtocol::Udp);
    proxied.map(|port| (on(port.port, port.protocol), Some(vec![free()]))).collect()
}

/// A container of a list; `None` for one that is not quite ours.
pub(super) fn replica(summary: ContainerSummary) -> Option<Replica> {
    let labels = summary.labels?;
    let names = summary.names.unwrap_or_default();
    let ports = summary.ports.iter().flatten();
    let published = ports.filter_map(|port| Some((port.private_port, port.public_port?))).collect();
    let networks = summary.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    Some(Replica {
        id: summary.id?,
        deployment: labels.get(label::DEPLOYMENT)?.parse().ok()?,
        generation: labels.get(label::GENERATION)?.parse().ok()?,
        release: labels.get(label::RELEASE)?.parse().ok()?,
        hash: labels.get(label::SPEC)?.clone(),
        digest: labels.get(label::DIGEST).and_then(|digest| digest.parse().ok()),
        probe: labels.get(label::PROBE).and_then(|probe| serde_json::from_str(probe).ok()),
        http_port: labels.get(label::HTTP_PORT).and_then(|port| port.parse().ok()),
        proven: !names.iter().any(|name| name.ends_with(UNPROVEN)),
        health: Health::Unasked,
        state: match summary.state {
            Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED) => {
                ReplicaState::Running(address(published, networks))
            }
            Some(ContainerSummaryStateEnum::RESTARTING) => ReplicaState::Restarting,
            Some(ContainerSummaryStateEnum::CREATED) => ReplicaState::Created,
            _ => ReplicaState::Exited,
        },
    })
}

/// What a container does, from all there is to know of it.
pub(super) fn state(found: &ContainerInspectResponse) -> ReplicaState {
    let settings = found.network_settings.as_ref();
    match found.state.as_ref().and_then(|state| state.status) {
        Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::PAUSED) => {
            let published = settings.and_then(|settings| settings.ports.as_ref()).map(published);
            let networks = settings.and_then(|settings| settings.networks.as_ref());
            ReplicaState::Running(address(published.unwrap_or_default(), networks))
        }
        Some(ContainerStateStatusEnum::RESTARTING) => ReplicaState::Restarting,
        Some(ContainerStateStatusEnum::CREATED) => ReplicaState::Created,
        _ => ReplicaState::Exited,
    }
}

/// What a container is a replica of.
pub(super) fn deployment(found: &ContainerInspectResponse) -> Option<DeploymentId> {
    found.config.as_ref()?.labels.as_ref()?.get(label::DEPLOYMENT)?.parse().ok()
}

/// How long a container may take to stop.
pub(super) fn grace(found: &ContainerInspectResponse) -> Duration {
    let said = found.config.as_ref().and_then(|config| config.stop_timeout);
    said.and_then(|seconds| u64::try_from(seconds).ok()).map_or(GRACE, Duration::from_secs)
}

fn published(ports: &PortMap) -> BTreeMap<u16, u16> {
    let published = ports.iter().filter_map(|(port, bindings)| {
        let binding = bindings.as_ref()?.first()?;
        Some((port.strip_suffix("/tcp")?.parse().ok()?, binding.host_port.as_ref()?.parse().ok()?))
    });
    published.collect()
}

fn address(published: BTreeMap<u16, u16>, networks: Option<&HashMap<String, EndpointSettings>>) -> Address {
    let own =
        networks.into_iter().flatten().find_map(|(_, network)| network.ip_address.as_ref()?.parse().ok());
    match own {
        Some(address) if published.is_empty() => Address::Network(address),
        _ => Address::Published(published),
    }
}
