//! The pod of a replica.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::{
    api::core::v1::{
        Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource, HostAlias,
        KeyToPath, Lifecycle, LifecycleHandler, LocalObjectReference, PersistentVolumeClaimVolumeSource,
        PodOS, PodSecurityContext, PodSpec, ResourceRequirements, SeccompProfile, SecretKeySelector,
        SecretVolumeSource, SecurityContext, SleepAction, TopologySpreadConstraint, Volume, VolumeMount,
    },
    apimachinery::pkg::api::resource::Quantity,
};
use patr_models::deployment::{
    Failure, FailureKind, WorkloadSpec,
    spec::{FileContent, Platform, PortProtocol, PortSpec},
};

use super::{Making, Security, content, mark, probes, selecting, volume_name};
use crate::runtime::failure;

/// The name of a replica's container in its pod.
pub(crate) const APP: &str = "app";
/// The Secret with credentials for registries. A pod starts without it as well.
const PULL_SECRET: &str = "patr-registry";
const FILES: &str = "files";
const SECRETS: &str = "secrets";
/// The user and the group without rights of most systems.
const NOBODY: i64 = 65_534;
/// How long a replica may take to stop when nothing is said, in seconds.
const GRACE_S: u32 = 10;
/// How long a replica goes on answering when somebody else than the agent ends it, as when its node is drained, in seconds:
/// whoever asks it must have heard of that.
const NOTICE_S: u32 = 2;

pub(super) fn spec(making: &Making<'_>) -> Result<PodSpec, Failure> {
    let spec = &making.new.desired.spec;
    let user = User::of(spec, making.security)?;
    let notice = if spec.ports.is_empty() { 0 } else { NOTICE_S };
    Ok(PodSpec {
        // Nothing of ours in a pod speaks to the cluster.
        automount_service_account_token: Some(false),
        containers: vec![container(making)?],
        // Variables that other deployments' names would make are nobody's configuration.
        enable_service_links: Some(false),
        host_aliases: some(host_aliases(spec)),
        image_pull_secrets: Some(pull_secrets()),
        node_selector: spec.platform.as_ref().map(node_selector),
        // Only with it a signal may be named.
        os: spec.stop_signal.as_ref().map(|_| PodOS { name: "linux".to_owned() }),
        security_context: Some(user.pod(making.security)),
        termination_grace_period_seconds: Some((spec.stop_grace_s.unwrap_or(GRACE_S) + notice).into()),
        topology_spread_constraints: Some(vec![spread(making)]),
        volumes: some(volumes(making)),
        ..Default::default()
    })
}

fn container(making: &Making<'_>) -> Result<Container, Failure> {
    let spec = &making.new.desired.spec;
    let words = |words: &[String]| some(words.iter().map(|word| literally(word)).collect());
    Ok(Container {
        name: APP.to_owned(),
        image: Some(making.image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: words(&spec.entrypoint),
        args: words(&spec.command),
        working_dir: spec.working_dir.as_ref().map(ToString::to_string),
        env: some(environment(making)),
        ports: some(spec.ports.iter().map(port).collect()),
        resources: resources(spec),
        startup_probe: probes::startup(spec),
        readiness_probe: probes::going_on(spec.readiness_probe.as_ref()),
        liveness_probe: probes::going_on(spec.liveness_probe.as_ref()),
        lifecycle: lifecycle(spec),
        security_context: Some(confined(making.security)),
        volume_mounts: some(mounts(spec)),
        ..Default::default()
    })
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Kubernetes reads `$(NAME)` in values and words, and `$$` as one `$`.
pub(super) fn literally(text: &str) -> String {
    text.replace('$', "$$")
}

fn environment(making: &Making<'_>) -> Vec<EnvVar> {
    let spec = &making.new.desired.spec;
    let plain = spec.env.iter().map(|(name, value)| EnvVar {
        name: name.to_string(),
        value: Some(literally(value)),
        value_from: None,
    });
    let secret = spec.secrets.keys().map(|name| EnvVar {
        name: name.to_string(),
        value: None,
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: making.name(),
                key: content::key_of_env(name.as_str()),
                optional: None,
            }),
            ..Default::default()
        }),
    });
    plain.chain(secret).collect()
}

fn port(port: &PortSpec) -> ContainerPort {
    let protocol = if port.protocol == PortProtocol::Udp { "UDP" } else { "TCP" };
    ContainerPort {
        container_port: port.port.into(),
        protocol: Some(protocol.to_owned()),
        ..Default::default()
    }
}

/// What a replica may use is also kept free for it: that is Kubernetes' own default, said here so that nobody has to know it.
fn resources(spec: &WorkloadSpec) -> Option<ResourceRequirements> {
    let cpu = spec.resources.cpu_millis.map(|millis| ("cpu".to_owned(), Quantity(format!("{millis}m"))));
    let memory = spec.resources.memory_bytes.map(|bytes| ("memory".to_owned(), Quantity(bytes.to_string())));
    let limits: BTreeMap<_, _> = cpu.into_iter().chain(memory).collect();
    let limits = Some(limits).filter(|limits| !limits.is_empty())?;
    Some(ResourceRequirements { requests: Some(limits.clone()), limits: Some(limits), claims: None })
}

fn lifecycle(spec: &WorkloadSpec) -> Option<Lifecycle> {
    let notice =
        LifecycleHandler { sleep: Some(SleepAction { seconds: NOTICE_S.into() }), ..Default::default() };
    let pre_stop = Some(notice).filter(|_| !spec.ports.is_empty());
    let stop_signal = spec.stop_signal.clone();
    let some = pre_stop.is_some() || stop_signal.is_some();
    some.then_some(Lifecycle { post_start: None, pre_stop, stop_signal })
}

fn mounts(spec: &WorkloadSpec) -> Vec<VolumeMount> {
    let files = spec.files.iter().enumerate().map(|(at, (path, file))| VolumeMount {
        name: if is_secret(&file.content) { SECRETS } else { FILES }.to_owned(),
        mount_path: path.to_string(),
        // Only the file: the folder that it is in stays the image's.
        sub_path: Some(content::key_of_file(at)),
        read_only: Some(true),
        ..Default::default()
    });
    let claims = spec.volumes.iter().filter_map(|(path, mount)| {
        Some(VolumeMount {
            name: volume_name(mount.id?),
            mount_path: path.to_string(),
            read_only: Some(true).filter(|_| mount.read_only),
            ..Default::default()
        })
    });
    files.chain(claims).collect()
}

fn volumes(making: &Making<'_>) -> Vec<Volume> {
    let spec = &making.new.desired.spec;
    let named = |name: &str| Volume { name: name.to_owned(), ..Default::default() };
    let files = some(items(spec, false)).map(|items| Volume {
        config_map: Some(ConfigMapVolumeSource {
            name: making.name(),
            items: Some(items),
            ..Default::default()
        }),
        ..named(FILES)
    });
    let secrets = some(items(spec, true)).map(|items| Volume {
        secret: Some(SecretVolumeSource {
            secret_name: Some(making.name()),
            items: Some(items),
            ..Default::default()
        }),
        ..named(SECRETS)
    });
    // A volume may be in two folders.
    let ids: std::collections::BTreeSet<_> = spec.volumes.values().filter_map(|mount| mount.id).collect();
    let claims = ids.into_iter().map(|id| Volume {
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: volume_name(id),
            read_only: None,
        }),
        ..named(&volume_name(id))
    });
    files.into_iter().chain(secrets).chain(claims).collect()
}

fn items(spec: &WorkloadSpec, secret: bool) -> Vec<KeyToPath> {
    let of = spec.files.values().enumerate().filter(|(_, file)| is_secret(&file.content) == secret);
    of.map(|(at, file)| {
        let key = content::key_of_file(at);
        KeyToPath { path: key.clone(), key, mode: i32::try_from(file.mode()).ok() }
    })
    .collect()
}

fn is_secret(content: &FileContent) -> bool {
    matches!(content, FileContent::Secret(_))
}

fn host_aliases(spec: &WorkloadSpec) -> Vec<HostAlias> {
    let mut by_address: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
    for (host, address) in &spec.hosts {
        by_address.entry(*address).or_default().push(host.to_string());
    }
    by_address
        .into_iter()
        .map(|(address, hosts)| HostAlias { ip: address.to_string(), hostnames: Some(hosts) })
        .collect()
}

/// The labels that every node carries. They do not know variants.
pub(super) fn node_selector(platform: &Platform) -> mark::Pairs {
    let names = ["kubernetes.io/os", "kubernetes.io/arch"];
    mark::pairs(names.into_iter().zip(platform.as_str().split('/')))
}

pub(super) fn pull_secrets() -> Vec<LocalObjectReference> {
    vec![LocalObjectReference { name: PULL_SECRET.to_owned() }]
}

/// Replicas of a deployment on different nodes, where there are several.
fn spread(making: &Making<'_>) -> TopologySpreadConstraint {
    let deployment = making.new.desired.id.to_string();
    TopologySpreadConstraint {
        label_selector: Some(selecting(mark::pairs([(mark::DEPLOYMENT, deployment.as_str())]))),
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..Default::default()
    }
}

pub(super) fn confined(security: Security) -> SecurityContext {
    let capabilities = Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None };
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(capabilities).filter(|_| security == Security::Restricted),
        ..Default::default()
    }
}

/// Whom a replica runs as, by number: names are the image's, and nobody out here has read those.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct User {
    user: Option<i64>,
    group: Option<i64>,
}

impl User {
    pub(super) fn of(spec: &WorkloadSpec, security: Security) -> Result<Self, Failure> {
        spec.user.as_ref().map_or(Ok(Self::default()), |text| Self::named(text, security))
    }

    /// As people name one: `1000` or `1000:1000`.
    pub(in super::super) fn named(text: &str, security: Security) -> Result<Self, Failure> {
        let number = |part: &str| {
            let message =
                format!("its user is `{text}`, and Kubernetes knows users only by number, as `1000:1000`");
            part.parse::<u32>().map(i64::from).map_err(|_| failure(FailureKind::Runtime, message))
        };
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let user = Self { user: Some(number(user)?), group: group.map(number).transpose()? };
        if user.user == Some(0) && security == Security::Restricted {
            let message = "its user is root, and this runner lets nothing run as root: give another `--user`, or \
                           run its agent with `--pod-security baseline`";
            return Err(failure(FailureKind::Runtime, message));
        }
        Ok(user)
    }

    /// Who may read whatever is in a volume, where nobody has said whose it is: root, if anything may run as root.
    pub(super) fn or_reader(self, security: Security) -> Self {
        match security {
            Security::Restricted => self.or_nobody(),
            Security::Baseline => Self { user: Some(0), group: Some(0) },
        }
    }

    /// Somebody without rights, where nothing was said.
    pub(super) fn or_nobody(self) -> Self {
        Self { user: self.user.or(Some(NOBODY)), ..self }
    }

    pub(super) fn pod(self, security: Security) -> PodSecurityContext {
        // Files and volumes are root's: this group may read and write them. Whom an image runs as is not known out here, so
        // whoever it is gets a group besides.
        let group = self.group.or(self.user).or(Some(NOBODY)).filter(|group| *group != 0);
        PodSecurityContext {
            fs_group: group,
            fs_group_change_policy: group.map(|_| "OnRootMismatch".to_owned()),
            run_as_group: self.group,
            run_as_non_root: Some(true).filter(|_| security == Security::Restricted),
            run_as_user: self.user,
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                localhost_profile: None,
            }),
            ..Default::default()
        }
    }
}
