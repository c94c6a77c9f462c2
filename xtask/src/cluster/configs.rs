//! The files that the services read. JSON where they take YAML: it is YAML.

use std::fs;

use anyhow::Context;
use serde_json::{Value, json};

use super::layout::{CONTAINERD, Layout, NAME, NODE, NODE_ADDRESS, PAUSE, PODS};
use super::programs;

/// Volumes that there are, each of which one claim can have.
const VOLUMES: usize = 32;

/// # Errors
/// One cannot be written, or the plugins of CNI are missing.
pub(super) fn write(layout: &Layout) -> anyhow::Result<()> {
    let plugins = programs::plugins().context("the plugins of CNI are missing")?;
    fs::create_dir_all(layout.config().join("cni")).context("making the folder for CNI")?;
    let containerd = containerd(layout, plugins);
    for (name, text) in [
        ("containerd.toml", containerd),
        ("cni/10-patr.conflist", network().to_string()),
        ("audit.json", audit().to_string()),
        ("kubelet.json", kubelet(layout).to_string()),
        ("kube-proxy.json", kube_proxy(layout).to_string()),
    ] {
        fs::write(layout.config().join(name), text).with_context(|| format!("writing {name}"))?;
    }
    for number in 0..VOLUMES {
        let folder = layout.volumes_folder().join(number.to_string());
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(layout.volumes(), volumes(layout).to_string()).context("writing the volumes")
}

fn containerd(layout: &Layout, plugins: &str) -> String {
    let folder = layout.folder.display();
    format!(
        r#"version = 2
root = "{folder}/containerd"
state = "/run/containerd"

[grpc]
address = "{CONTAINERD}"

[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
# Root here may be one that may not shield a process from the killer of what takes too much memory.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{folder}/config/cni"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "{folder}/config/registries"

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"#
    )
}

/// Nothing is translated on the way out: this machine has a route back.
fn network() -> Value {
    json!({
        "cniVersion": "0.4.0",
        "name": "patr",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": true,
                "ipMasq": false,
                // A pod may reach itself through its Service.
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{ "subnet": PODS }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
}

/// What pods ask of the API server is noted, and nothing else: tests read what an agent needs to be allowed.
fn audit() -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            // Its own controllers.
            { "level": "None", "userGroups": ["system:serviceaccounts:kube-system"] },
            { "level": "Metadata", "userGroups": ["system:serviceaccounts"] },
            { "level": "None" },
        ],
    })
}

fn kubelet(layout: &Layout) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": layout.certificate("ca") },
        },
        "authorization": { "mode": "Webhook" },
        "tlsCertFile": layout.certificate("kubelet"),
        "tlsPrivateKeyFile": layout.key("kubelet"),
        "containerRuntimeEndpoint": format!("unix://{CONTAINERD}"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{NAME}"),
        "failSwapOn": false,
        // The disk is everybody's: what others keep on it is no reason to refuse pods.
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "100Mi",
            "nodefs.inodesFree": "10000",
            "imagefs.available": "100Mi",
        },
        "imageGCHighThresholdPercent": 100,
        "volumePluginDir": "/var/lib/kubelet/plugins-exec",
        // There is no DNS in the cluster: pods have this machine's.
        "clusterDNS": [],
    })
}

fn kube_proxy(layout: &Layout) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": { "kubeconfig": layout.kubeconfig("kube-proxy") },
        "mode": "iptables",
        "clusterCIDR": PODS,
        "hostnameOverride": NODE,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nodePortAddresses": [format!("{NODE_ADDRESS}/32")],
        // These are of the whole machine, and only its first namespace may set them.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    })
}

/// A class that claims have by default. Nothing is made on demand: a claim gets one of the folders that there are.
fn volumes(layout: &Layout) -> Value {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "local",
            "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    let volumes = (0..VOLUMES).map(|number| volume(layout, number));
    let items: Vec<Value> = std::iter::once(class).chain(volumes).collect();
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}

/// `local` and not `hostPath`: only the former is given to the pod's `fsGroup`, which who is not root needs.
fn volume(layout: &Layout, number: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": { "name": format!("local-{number}") },
        "spec": {
            "capacity": { "storage": "10Gi" },
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "local",
            "local": { "path": layout.volumes_folder().join(number.to_string()) },
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{
                "matchExpressions": [
                    { "key": "kubernetes.io/hostname", "operator": "In", "values": [NODE] },
                ],
            }] } },
        },
    })
}
