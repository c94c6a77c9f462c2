//! A replica as a container, and back.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary,
    ContainerSummaryStateEnum, EndpointSettings, HostConfig, HostConfigLogConfig, PortBinding, PortMap,
};
use patr_models::deployment::WorkloadSpec;

use super::{Address, NETWORK, NewReplica, Replica, ReplicaState};

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
pub(super) fn create(new: &NewReplica, image: String, runner: &str, publish: bool) -> ContainerCreateBody {
    let spec = &new.desired.spec;
    let some = |words: &Vec<String>| Some(words.clone()).filter(|words| !words.is_empty());
    ContainerCreateBody {
        image: Some(image),
        entrypoint: some(&spec.entrypoint),
        cmd: some(&spec.command),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels(new, runner)),
        stop_timeout: spec.stop_grace_s.map(i64::from),
        exposed_ports: publish.then(|| spec.ports.iter().map(|port| tcp(port.port)).collect()),
        host_config: Some(HostConfig {
            network_mode: Some(NETWORK.to_owned()),
            port_bindings: publish.then(|| on_loopback(spec)),
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

fn labels(new: &NewReplica, runner: &str) -> HashMap<String, String> {
    let desired = &new.desired;
    // A probe is plain data: it cannot fail to serialise.
    let probe = desired.spec.effective_probe().and_then(|probe| serde_json::to_string(&probe).ok());
    let labels = [
        (label::RUNNER, runner.to_owned()),
        (label::DEPLOYMENT, desired.id.to_string()),
        (label::WORKSPACE, desired.workspace.to_string()),
        (label::GENERATION, desired.generation.to_string()),
        (label::RELEASE, desired.release.to_string()),
        (label::SPEC, new.hash.clone()),
        (label::DIGEST, new.digest.to_string()),
    ];
    let probe = probe.map(|probe| (label::PROBE, probe));
    labels.into_iter().chain(probe).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn tcp(port: u16) -> String {
    format!("{port}/tcp")
}

/// Each port on a free one of this machine's loopback.
fn on_loopback(spec: &WorkloadSpec) -> PortMap {
    let free = || PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
    spec.ports.iter().map(|port| (tcp(port.port), Some(vec![free()]))).collect()
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
        proven: !names.iter().any(|name| name.ends_with(UNPROVEN)),
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
