//! What is started, in which order, and when it is ready.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::layout::{CONTAINERD, Layout, NODE, NODE_ADDRESS, SERVICES};
use crate::sh;

/// Seconds that a probe waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    ready: Ready,
}

/// How it is seen that a service does its work.
enum Ready {
    /// Answers 200 to this path on this port.
    Http(u16, &'static str),
    /// Takes connections on this port.
    Port(u16),
    /// Takes connections on this socket.
    Socket(&'static str),
    /// kubectl ends well, and prints this at least.
    Kubectl(&'static [&'static str], &'static str),
}

impl Service {
    pub(super) fn is_ready(&self, layout: &Layout) -> bool {
        match self.ready {
            Ready::Http(port, path) => answers(port, path).unwrap_or(false),
            Ready::Port(port) => TcpStream::connect(("127.0.0.1", port)).is_ok(),
            Ready::Socket(path) => UnixStream::connect(path).is_ok(),
            Ready::Kubectl(arguments, expected) => {
                let said = sh::output(layout.kubectl().arg("--request-timeout=5s").args(arguments));
                said.is_ok_and(|said| said.contains(expected))
            }
        }
    }
}

fn answers(port: u16, path: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.0 200 ") || answer.starts_with("HTTP/1.1 200 "))
}

/// Each stage needs the ones before it.
pub(super) fn stages(layout: &Layout) -> [Vec<Service>; 3] {
    [
        vec![etcd(layout), containerd(layout)],
        vec![api_server(layout)],
        vec![controller_manager(layout), scheduler(layout), kubelet(layout), kube_proxy(layout)],
    ]
}

fn system(name: &'static str, arguments: &[String], ready: Ready) -> Service {
    Service { name, program: name.into(), arguments: arguments.into(), ready }
}

fn kubernetes(layout: &Layout, name: &'static str, arguments: &[String], ready: Ready) -> Service {
    Service { name, program: layout.program(name), arguments: arguments.into(), ready }
}

fn etcd(layout: &Layout) -> Service {
    let arguments = [
        format!("--data-dir={}", layout.folder.join("etcd").display()),
        "--listen-client-urls=http://127.0.0.1:2379".to_owned(),
        "--advertise-client-urls=http://127.0.0.1:2379".to_owned(),
        // Nothing is kept that a crash could lose.
        "--unsafe-no-fsync".to_owned(),
    ];
    system("etcd", &arguments, Ready::Http(2379, "/health"))
}

fn containerd(layout: &Layout) -> Service {
    let arguments = [format!("--config={}", layout.config().join("containerd.toml").display())];
    system("containerd", &arguments, Ready::Socket(CONTAINERD))
}

fn api_server(layout: &Layout) -> Service {
    let file = |flag: &str, path: PathBuf| format!("--{flag}={}", path.display());
    let kubelet_client = "kube-apiserver-kubelet-client";
    let arguments = [
        "--etcd-servers=http://127.0.0.1:2379".to_owned(),
        "--secure-port=6443".to_owned(),
        format!("--advertise-address={NODE_ADDRESS}"),
        format!("--service-cluster-ip-range={SERVICES}"),
        file("client-ca-file", layout.certificate("ca")),
        file("tls-cert-file", layout.certificate("kube-apiserver")),
        file("tls-private-key-file", layout.key("kube-apiserver")),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        file("service-account-key-file", layout.key("service-accounts")),
        file("service-account-signing-key-file", layout.key("service-accounts")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        file("kubelet-certificate-authority", layout.certificate("ca")),
        file("kubelet-client-certificate", layout.certificate(kubelet_client)),
        file("kubelet-client-key", layout.key(kubelet_client)),
        file("audit-policy-file", layout.config().join("audit.json")),
        file("audit-log-path", layout.log("audit")),
        "--audit-log-maxsize=50".to_owned(),
        "--audit-log-maxbackup=1".to_owned(),
    ];
    kubernetes(layout, "kube-apiserver", &arguments, Ready::Kubectl(&["get", "--raw", "/readyz"], "ok"))
}

fn controller_manager(layout: &Layout) -> Service {
    let name = "kube-controller-manager";
    let arguments = [
        format!("--kubeconfig={}", layout.kubeconfig(name).display()),
        "--bind-address=127.0.0.1".to_owned(),
        "--leader-elect=false".to_owned(),
        "--use-service-account-credentials=true".to_owned(),
        format!("--service-account-private-key-file={}", layout.key("service-accounts").display()),
        format!("--root-ca-file={}", layout.certificate("ca").display()),
    ];
    let made_by_it = &["get", "serviceaccount", "default", "--namespace=default", "--output=name"];
    kubernetes(layout, name, &arguments, Ready::Kubectl(made_by_it, "serviceaccount/default"))
}

fn scheduler(layout: &Layout) -> Service {
    let name = "kube-scheduler";
    let arguments = [
        format!("--kubeconfig={}", layout.kubeconfig(name).display()),
        "--bind-address=127.0.0.1".to_owned(),
        "--leader-elect=false".to_owned(),
    ];
    kubernetes(layout, name, &arguments, Ready::Port(10259))
}

fn kubelet(layout: &Layout) -> Service {
    let arguments = [
        format!("--kubeconfig={}", layout.kubeconfig("kubelet").display()),
        format!("--config={}", layout.config().join("kubelet.json").display()),
        format!("--hostname-override={NODE}"),
        format!("--node-ip={NODE_ADDRESS}"),
    ];
    let condition =
        &["get", "node", NODE, "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status}"];
    kubernetes(layout, "kubelet", &arguments, Ready::Kubectl(condition, "True"))
}

fn kube_proxy(layout: &Layout) -> Service {
    let arguments = [format!("--config={}", layout.config().join("kube-proxy.json").display())];
    kubernetes(layout, "kube-proxy", &arguments, Ready::Http(10256, "/healthz"))
}
