//! Names of every file, address and range of the cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::root;

/// The namespace of the network, the device that leads to it, and the control group: there is one on a machine.
pub(super) const NAME: &str = "patr-k8s";
/// The name of the node.
pub(super) const NODE: &str = "patr";
/// This machine, as the cluster sees it.
pub(super) const HOST_ADDRESS: &str = "10.97.0.1";
/// The node, as this machine sees it.
pub(super) const NODE_ADDRESS: &str = "10.97.0.2";
/// The least network that has both.
pub(super) const PREFIX: &str = "30";
pub(super) const SERVICES: &str = "10.96.0.0/16";
/// The Service `kubernetes`: the first address of the range, by convention.
pub(super) const API_SERVICE: &str = "10.96.0.1";
pub(super) const PODS: &str = "10.244.0.0/24";
/// Where every client finds the API.
pub(super) const API: &str = "https://10.97.0.2:6443";
/// containerd, inside: shims have their sockets beside it, where no option can move them.
pub(super) const CONTAINERD: &str = "/run/containerd/containerd.sock";
/// The image of what holds the namespaces of a pod.
pub(super) const PAUSE: &str = "localhost/patr-pause:1";

/// The file by which a state folder is known: it is deleted whole.
pub(super) const MARK: &str = "patr-cluster";

/// The state folder, and the programs.
pub(super) struct Layout {
    /// Absolute.
    pub(super) folder: PathBuf,
    programs: PathBuf,
}

impl Layout {
    pub(super) fn new(folder: PathBuf, programs: PathBuf) -> Self {
        Self { folder, programs }
    }

    /// Makes the folders.
    pub(super) fn make(&self) -> anyhow::Result<()> {
        let folders = [self.config(), self.pki(), self.logs(), self.images(), self.registries()];
        for folder in folders.iter().chain(self.mounts().iter().map(|(folder, _)| folder)) {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        fs::write(self.folder.join(MARK), "").context("marking the state folder")
    }

    /// A program of Kubernetes.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Where they are.
    pub(super) fn programs(&self) -> &Path {
        &self.programs
    }

    /// Configuration of the services.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// What containerd is told about registries, one folder for each (`hosts.toml`).
    pub(super) fn registries(&self) -> PathBuf {
        self.config().join("registries")
    }

    pub(super) fn pki(&self) -> PathBuf {
        self.folder.join("pki")
    }

    pub(super) fn certificate(&self, name: &str) -> PathBuf {
        self.pki().join(format!("{name}.crt"))
    }

    pub(super) fn key(&self, name: &str) -> PathBuf {
        self.pki().join(format!("{name}.key"))
    }

    pub(super) fn kubeconfig(&self, name: &str) -> PathBuf {
        self.pki().join(format!("{name}.kubeconfig"))
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    pub(super) fn images(&self) -> PathBuf {
        self.folder.join("images")
    }

    /// Folders of volumes.
    pub(super) fn volumes_folder(&self) -> PathBuf {
        self.folder.join("volumes")
    }

    /// The manifest of the volumes that there are.
    pub(super) fn volumes(&self) -> PathBuf {
        self.config().join("volumes.json")
    }

    /// There when everything answers.
    pub(super) fn ready(&self) -> PathBuf {
        self.folder.join("ready")
    }

    /// What stands, in the cluster, at paths that programs insist on.
    pub(super) fn mounts(&self) -> [(PathBuf, &'static str); 6] {
        [
            (self.folder.join("run/containerd"), "/run/containerd"),
            (self.folder.join("run/netns"), "/run/netns"),
            (self.folder.join("cni"), "/var/lib/cni"),
            (self.folder.join("kubelet"), "/var/lib/kubelet"),
            (self.logs().join("pods"), "/var/log/pods"),
            (self.logs().join("containers"), "/var/log/containers"),
        ]
    }

    /// kubectl, as the administrator.
    pub(super) fn kubectl(&self) -> Command {
        let mut kubectl = Command::new(self.program("kubectl"));
        kubectl.env("KUBECONFIG", self.kubeconfig("admin"));
        kubectl
    }

    /// containerd's client, from outside of the cluster, on what the kubelet sees.
    pub(super) fn ctr(&self) -> Command {
        let mut ctr = Command::new("ctr");
        ctr.arg("--address").arg(self.folder.join("run/containerd/containerd.sock"));
        ctr.args(["--namespace", "k8s.io"]);
        ctr
    }
}

/// The module that pins Kubernetes, and the programs of images.
pub(super) fn sources() -> PathBuf {
    root().join("tests/kubernetes")
}
