//! What is around replicas: of a deployment, of a workspace, of a volume; and the pod that finds out what an image is.

use k8s_openapi::{
    api::{
        core::v1::{
            Container, ContainerPort, PersistentVolumeClaim, PersistentVolumeClaimSpec,
            PersistentVolumeClaimVolumeSource, Pod, PodSpec, ResourceRequirements, Service, ServicePort,
            ServiceSpec, Volume, VolumeMount, VolumeResourceRequirements,
        },
        networking::v1::{NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicySpec},
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};
use patr_models::{
    deployment::{Failure, WorkloadSpec},
    ids::{DeploymentId, SnapshotId, VolumeId},
    wire::DesiredVolume,
};

use super::{
    Security, mark,
    pod::{User, confined, pull_secrets},
    selecting, snapshot_name, volume_name,
};
use crate::runtime::kubernetes::workload::Workload;

/// The label of an agent's own pod, in the manifest that `patr runner add` prints.
const AGENT: (&str, &str) = ("app.kubernetes.io/name", "patr-runner");
/// Its word to the container runtime of a node that is to have an image and not to run it.
const NOTHING: &str = "/patr-only-pulls";

/// How other deployments reach this one: by its name, at the ports of the replica that was proved last. None without ports, and
/// none where the name begins with a digit: a Service cannot be called so.
pub(crate) fn service(proven: &Workload) -> Option<Service> {
    let labels = proven.metadata().labels.as_ref()?;
    let name = labels.get("app.kubernetes.io/name")?;
    let deployment = labels.get(mark::DEPLOYMENT)?;
    let containers = &proven.template()?.spec.as_ref()?.containers;
    let ports: Vec<_> =
        containers.iter().flat_map(|one| one.ports.iter().flatten()).map(service_port).collect();
    if ports.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let mut selector = mark::pairs([(mark::DEPLOYMENT, deployment.as_str())]);
    if proven.annotation(mark::AT_ONCE).is_some() {
        // What is not yet to take over answers already. It is not asked until this one is what was proved last.
        selector.extend(labels.get_key_value(mark::SPEC).map(|(name, hash)| (name.clone(), hash.clone())));
    }
    Some(Service {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            labels: Some(without_replica(labels)),
            ..Default::default()
        },
        spec: Some(ServiceSpec { ports: Some(ports), selector: Some(selector), ..Default::default() }),
        status: None,
    })
}

fn service_port(port: &ContainerPort) -> ServicePort {
    let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
    ServicePort {
        name: Some(format!("{}-{}", protocol.to_ascii_lowercase(), port.container_port)),
        port: port.container_port,
        protocol: Some(protocol),
        ..Default::default()
    }
}

fn without_replica(labels: &mark::Pairs) -> mark::Pairs {
    let mut labels = labels.clone();
    let of_replica = [mark::REPLICA, mark::SPEC, mark::RELEASE, mark::GENERATION];
    labels.retain(|label, _| !of_replica.contains(&label.as_str()));
    labels
}

pub(crate) fn disruption_budget_name(deployment: DeploymentId) -> String {
    format!("patr-{deployment}").replace('_', "-")
}

/// A drain of nodes takes one replica of a deployment at a time. With a single one it is not held up for ever.
pub(crate) fn disruption_budget(proven: &Workload) -> Option<PodDisruptionBudget> {
    let labels = proven.metadata().labels.as_ref()?;
    let deployment: DeploymentId = labels.get(mark::DEPLOYMENT)?.parse().ok()?;
    Some(PodDisruptionBudget {
        metadata: ObjectMeta {
            name: Some(disruption_budget_name(deployment)),
            labels: Some(without_replica(labels)),
            ..Default::default()
        },
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(selecting(mark::pairs([(mark::DEPLOYMENT, deployment.to_string().as_str())]))),
            // What does not work anyway holds no drain up.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..Default::default()
        }),
        status: None,
    })
}

/// The only NetworkPolicy of a runner.
pub(crate) const POLICY: &str = "patr-workspace";

/// Who may speak to replicas: others of this runner, and agents in their namespace. An agent that is outside of the cluster
/// comes by way of the nodes, which always may. Pods that are somebody else's are reached as before.
pub(crate) fn network_policy(runner: &str, agents: Option<&str>) -> NetworkPolicy {
    let ours = selecting(mark::pairs([(mark::RUNNER, runner)]));
    let others = NetworkPolicyPeer { pod_selector: Some(ours.clone()), ..Default::default() };
    let agents = agents.map(|namespace| NetworkPolicyPeer {
        namespace_selector: Some(selecting(mark::pairs([("kubernetes.io/metadata.name", namespace)]))),
        pod_selector: Some(selecting(mark::pairs([AGENT]))),
        ..Default::default()
    });
    let from = [others].into_iter().chain(agents).collect();
    NetworkPolicy {
        metadata: ObjectMeta {
            name: Some(POLICY.to_owned()),
            labels: Some(mark::ours(runner)),
            ..Default::default()
        },
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(ours),
            policy_types: Some(vec!["Ingress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule { from: Some(from), ports: None }]),
            egress: None,
        }),
    }
}

/// A volume. Nothing owns a claim: only a tombstone takes it away.
pub(crate) fn claim(
    volume: &DesiredVolume,
    runner: &str,
    (size, class): (&str, Option<&str>),
) -> PersistentVolumeClaim {
    let mut labels = mark::ours(runner);
    let (id, workspace) = (volume.id.to_string(), volume.workspace.to_string());
    labels.extend(mark::pairs([(mark::VOLUME, id.as_str()), (mark::WORKSPACE, workspace.as_str())]));
    let requests = [("storage".to_owned(), Quantity(size.to_owned()))].into();
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(volume_name(volume.id)),
            labels: Some(labels),
            annotations: Some(mark::pairs([(mark::VOLUME_NAME, volume.name.as_str())])),
            ..Default::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements { requests: Some(requests), limits: None }),
            storage_class_name: class.map(str::to_owned),
            ..Default::default()
        }),
        status: None,
    }
}

/// What a pod of our own may use: a namespace with a quota takes none that does not say.
fn may_use(limits: [(&str, &str); 2]) -> ResourceRequirements {
    let amounts = |amounts: [(&str, &str); 2]| {
        amounts.map(|(of, much)| (of.to_owned(), Quantity(much.to_owned()))).into_iter().collect()
    };
    ResourceRequirements {
        limits: Some(amounts(limits)),
        requests: Some(amounts(NEXT_TO_NOTHING)),
        ..Default::default()
    }
}

/// For what is asked for, and never runs.
const NEXT_TO_NOTHING: [(&str, &str); 2] = [("cpu", "10m"), ("memory", "32Mi")];
/// For copying files as fast as they are read. They pass in chunks; the rest is for the kernel to keep some of them.
const ENOUGH_TO_COPY: [(&str, &str); 2] = [("cpu", "1"), ("memory", "256Mi")];

/// The containers of such a pod: one asks for an image, and one only says what is there.
pub(crate) const ASKED: &str = "asked";
pub(crate) const HERE: &str = "here";

/// A pod that makes a node get an image and say what it is, and what it has by the image's tag in case that it cannot be got.
/// Its command is in no image, so nothing of it ever runs.
pub(crate) fn pulling(
    name: String,
    (image, policy): (&str, &str),
    tagged: &str,
    spec: &WorkloadSpec,
    security: Security,
) -> Result<Pod, Failure> {
    let labels = mark::pairs([("app.kubernetes.io/managed-by", mark::MANAGER), (mark::PULL, "true")]);
    // An image that would run as root is found out when it is to run.
    let nobody = User::of(spec, security)?.or_nobody();
    let container = |name: &str, image: &str, policy: &str| Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some(policy.to_owned()),
        command: Some(vec![NOTHING.to_owned()]),
        resources: Some(may_use(NEXT_TO_NOTHING)),
        security_context: Some(confined(security)),
        ..Default::default()
    };
    Ok(Pod {
        metadata: ObjectMeta { name: Some(name), labels: Some(labels), ..Default::default() },
        spec: Some(PodSpec {
            automount_service_account_token: Some(false),
            containers: vec![container(ASKED, image, policy), container(HERE, tagged, "Never")],
            enable_service_links: Some(false),
            image_pull_secrets: Some(pull_secrets()),
            node_selector: spec.platform.as_ref().map(super::pod::node_selector),
            restart_policy: Some("Never".to_owned()),
            security_context: Some(nobody.pod(security)),
            termination_grace_period_seconds: Some(0),
            ..Default::default()
        }),
        status: None,
    })
}

/// A claim for a copy of a volume, as large and of the same class.
pub(crate) fn claim_of_snapshot(
    snapshot: SnapshotId,
    volume: &PersistentVolumeClaim,
    (runner, id): (&str, VolumeId),
) -> PersistentVolumeClaim {
    let mut labels = mark::ours(runner);
    let (snapshot_id, id) = (snapshot.to_string(), id.to_string());
    let user = volume.metadata.annotations.as_ref().and_then(|about| about.get(mark::USER));
    labels.extend(mark::pairs([(mark::SNAPSHOT, snapshot_id.as_str()), (mark::SNAPSHOT_OF, id.as_str())]));
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(snapshot_name(snapshot)),
            labels: Some(labels),
            annotations: user.map(|user| mark::pairs([(mark::USER, user.as_str())])),
            ..Default::default()
        },
        spec: volume.spec.as_ref().map(|spec| PersistentVolumeClaimSpec {
            access_modes: spec.access_modes.clone(),
            resources: spec.resources.clone(),
            storage_class_name: spec.storage_class_name.clone(),
            ..Default::default()
        }),
        status: None,
    }
}

/// How long a pod that holds volumes may be there at most, in seconds, should no agent take it away.
const CARRIES_AT_MOST_S: i64 = 24 * 60 * 60;

/// A pod that holds claims, each in a folder, and has the agent's program beside them.
pub(crate) fn carrying(
    name: String,
    image: &str,
    claims: &[(String, &str)],
    (user, node): (User, Option<String>),
    security: Security,
) -> Pod {
    let labels = mark::pairs([("app.kubernetes.io/managed-by", mark::MANAGER), (mark::CARRIER, "true")]);
    let volume = |claim: &str| Volume {
        name: claim.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: claim.to_owned(),
            read_only: None,
        }),
        ..Default::default()
    };
    let mount = |claim: &str, folder: &str| VolumeMount {
        name: claim.to_owned(),
        mount_path: folder.to_owned(),
        ..Default::default()
    };
    let container = Container {
        name: super::APP.to_owned(),
        image: Some(image.to_owned()),
        args: Some(["volume", "hold"].map(str::to_owned).into()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        resources: Some(may_use(ENOUGH_TO_COPY)),
        security_context: Some(confined(security)),
        volume_mounts: Some(claims.iter().map(|(claim, folder)| mount(claim, folder)).collect()),
        ..Default::default()
    };
    Pod {
        metadata: ObjectMeta { name: Some(name), labels: Some(labels), ..Default::default() },
        spec: Some(PodSpec {
            active_deadline_seconds: Some(CARRIES_AT_MOST_S),
            automount_service_account_token: Some(false),
            containers: vec![container],
            enable_service_links: Some(false),
            image_pull_secrets: Some(pull_secrets()),
            // A volume may be on one node at a time.
            node_name: node,
            restart_policy: Some("Never".to_owned()),
            security_context: Some(user.or_reader(security).pod(security)),
            termination_grace_period_seconds: Some(0),
            volumes: Some(claims.iter().map(|(claim, _)| volume(claim)).collect()),
            ..Default::default()
        }),
        status: None,
    }
}
