//! `cargo xtask cluster check`: what the tests of the runner on Kubernetes lean on, each proved by doing it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::image;
use super::layout::{API, Layout};
use crate::sh;

const MANIFEST: &str = include_str!("check.yaml");
const NAMESPACE: &str = "patr-check";
/// The image in the manifest.
const IMAGE: &str = "localhost/patr-probe:1";
/// How long to wait for what the cluster does by itself.
const PATIENCE: Duration = Duration::from_secs(120);

type Step = (&'static str, fn(&Layout) -> anyhow::Result<()>);

const STEPS: [Step; 8] = [
    ("a Deployment of two replicas rolls out", rolls_out),
    ("both answer through their Service's address, from outside of the cluster", answers_outside),
    ("and from a pod", answers_inside),
    ("`kubectl exec` gives back what was said, and how it ended", executes),
    ("`kubectl logs` has what a container wrote", logs),
    ("a claim is bound, and what is kept outlives the pod", keeps),
    ("a NetworkPolicy is accepted (nothing here enforces it)", network_policy),
    ("RBAC allows what a Role says and refuses the rest", access),
];

/// # Errors
/// The first thing that does not work.
pub(super) fn run(layout: &Layout) -> anyhow::Result<()> {
    image::make(layout, "probe", IMAGE)?;
    image::import(layout, "probe")?;
    let manifest = layout.config().join("check.yaml");
    fs::write(&manifest, MANIFEST).context("writing the manifest")?;
    kubectl(layout, &["apply", "--filename", &manifest.to_string_lossy()])?;
    for (name, step) in STEPS {
        let start = Instant::now();
        step(layout).with_context(|| format!("this failed: {name}"))?;
        println!("ok, {:4.1} s: {name}", start.elapsed().as_secs_f32());
    }
    kubectl(layout, &["delete", "namespace", NAMESPACE])?;
    Ok(())
}

fn kubectl(layout: &Layout, arguments: &[&str]) -> anyhow::Result<String> {
    sh::output(layout.kubectl().args(["--namespace", NAMESPACE]).args(arguments))
}

/// Tries again until it gives something.
fn eventually<T>(what: &str, mut attempt: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = attempt();
        match found {
            Ok(Some(found)) => return Ok(found),
            Ok(None) if Instant::now() > deadline => {
                anyhow::bail!("{what}: not after {} s", PATIENCE.as_secs())
            }
            Err(error) if Instant::now() > deadline => return Err(error.context(what.to_owned())),
            Ok(None) | Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}

fn rolls_out(layout: &Layout) -> anyhow::Result<()> {
    let timeout = format!("--timeout={}s", PATIENCE.as_secs());
    kubectl(layout, &["rollout", "status", "deployment/web", &timeout])?;
    let ready = kubectl(layout, &["get", "deployment", "web", "--output=jsonpath={.status.readyReplicas}"])?;
    ensure!(ready == "2", "{ready} replicas are ready");
    Ok(())
}

/// The pods of the Deployment: a host has its pod's name.
fn pods(layout: &Layout) -> anyhow::Result<BTreeSet<String>> {
    let names = "--output=jsonpath={.items[*].metadata.name}";
    let listed = kubectl(layout, &["get", "pods", "--selector=app=web", names])?;
    Ok(listed.split_whitespace().map(str::to_owned).collect())
}

fn service(layout: &Layout) -> anyhow::Result<IpAddr> {
    let address = kubectl(layout, &["get", "service", "web", "--output=jsonpath={.spec.clusterIP}"])?;
    address.parse().with_context(|| format!("the Service's address is {address:?}"))
}

fn answers_outside(layout: &Layout) -> anyhow::Result<()> {
    let address = SocketAddr::new(service(layout)?, 80);
    both_answer(layout, || ask(address).map_err(Into::into))
}

fn answers_inside(layout: &Layout) -> anyhow::Result<()> {
    let address = service(layout)?.to_string();
    let asked = ["exec", "statefulset/keeper", "--", "/probe", "get", &address, "80"];
    both_answer(layout, || kubectl(layout, &asked))
}

fn both_answer(layout: &Layout, ask: impl Fn() -> anyhow::Result<String>) -> anyhow::Result<()> {
    let (pods, mut answered) = (pods(layout)?, BTreeSet::new());
    eventually("both replicas answer", || {
        answered.insert(ask()?.trim().to_owned());
        Ok((answered == pods).then_some(()))
    })
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.rsplit("\r\n").next().unwrap_or_default().to_owned())
}

fn executes(layout: &Layout) -> anyhow::Result<()> {
    let output = layout
        .kubectl()
        .args(["--namespace", NAMESPACE, "exec", "deployment/web", "--", "/probe", "nonsense"])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(said.contains("usage: probe"), "it said {said:?}");
    ensure!(output.status.code() == Some(2), "it ended with {}", output.status);
    Ok(())
}

fn logs(layout: &Layout) -> anyhow::Result<()> {
    for pod in pods(layout)? {
        let said = kubectl(layout, &["logs", &pod])?;
        ensure!(
            said.contains(&format!("{pod} serves")) && said.contains("GET / HTTP/1.0"),
            "{pod} said {said:?}"
        );
    }
    Ok(())
}

fn keeps(layout: &Layout) -> anyhow::Result<()> {
    let phase =
        kubectl(layout, &["get", "persistentvolumeclaim", "kept", "--output=jsonpath={.status.phase}"])?;
    ensure!(phase == "Bound", "the claim is {phase}");
    kubectl(layout, &["exec", "keeper-0", "--", "/probe", "write", "/kept/word", "remembered"])?;
    kubectl(layout, &["delete", "pod", "keeper-0"])?;
    let read = ["exec", "keeper-0", "--", "/probe", "read", "/kept/word"];
    let word = eventually("the next pod reads it", || kubectl(layout, &read).map(Some))?;
    ensure!(word.trim() == "remembered", "it reads {word:?}");
    Ok(())
}

fn network_policy(layout: &Layout) -> anyhow::Result<()> {
    let types = "--output=jsonpath={.spec.policyTypes[*]}";
    let types = kubectl(layout, &["get", "networkpolicy", "only-from-here", types])?;
    ensure!(types == "Ingress", "its types are {types:?}");
    Ok(())
}

/// With a token of the service account and nothing else: a client certificate would win.
fn access(layout: &Layout) -> anyhow::Result<()> {
    let token = kubectl(layout, &["create", "token", "reader"])?;
    let as_reader = |arguments: &[&str]| {
        let mut kubectl = Command::new(layout.program("kubectl"));
        kubectl.env("KUBECONFIG", "/dev/null").arg(format!("--server={API}"));
        kubectl.arg(format!("--certificate-authority={}", layout.certificate("ca").display()));
        kubectl
            .arg(format!("--token={}", token.trim()))
            .args(["--namespace", NAMESPACE])
            .args(arguments)
            .output()
    };
    let listed = as_reader(&["get", "pods", "--output=name"])?;
    ensure!(listed.status.success(), "pods: {}", String::from_utf8_lossy(&listed.stderr));
    for refused in [&["delete", "pods", "--all"][..], &["get", "secrets"]] {
        let output = as_reader(refused)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            !output.status.success() && said.contains("Forbidden"),
            "{refused:?} was not refused: {said:?}"
        );
    }
    Ok(())
}
