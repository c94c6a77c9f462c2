//! An agent in a cluster, by the manifest that `patr runner add` prints.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::Host;
use crate::{Caller, Edge, Program};

/// The cluster of `cargo xtask cluster`.
#[derive(Clone)]
pub struct Cluster {
    kubectl: String,
    kubeconfig: String,
    /// This machine, as pods see it.
    machine: String,
    image: String,
    agent: String,
    debian: String,
    /// `xtask cluster`, and its state folder.
    control: String,
    state: String,
    /// What the API server notes of what pods ask, one JSON object per line.
    audit: String,
}

impl Cluster {
    /// `None`, said loudly, where there is none.
    pub fn here() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let found = || {
            Some(Self {
                kubectl: variable("PATR_KUBECTL")?,
                kubeconfig: variable("PATR_KUBECONFIG")?,
                machine: variable("PATR_CLUSTER_MACHINE")?,
                image: variable("PATR_CLUSTER_EXAMPLE_IMAGE")?,
                agent: variable("PATR_CLUSTER_RUNNER_IMAGE")?,
                debian: variable("PATR_CLUSTER_DEBIAN_IMAGE")?,
                control: variable("PATR_CLUSTER_CMD")?,
                state: variable("PATR_CLUSTER_STATE")?,
                audit: variable("PATR_CLUSTER_AUDIT")?,
            })
        };
        let found = found();
        if found.is_none() {
            eprintln!("SKIPPED: there is no Kubernetes here");
        }
        found
    }

    /// kubectl, as the administrator.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs kubectl to its end; what it puts out, or what it says about why it failed.
    pub fn try_run(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let piped = || Stdio::piped();
        let mut child =
            self.command(arguments).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        // One that does not read has closed its end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// As [`Self::try_run`], and must succeed.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        self.try_run(arguments, input).unwrap_or_else(|said| panic!("kubectl {arguments:?}: {said}"))
    }

    /// What is done to the cluster itself, by `xtask cluster`.
    fn control(&self, arguments: &[&str]) {
        let mut words = self.control.split(' ');
        let mut command = Command::new(words.next().unwrap());
        let ended = command.args(words).args(["--state", &self.state]).args(arguments).output().unwrap();
        assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// The API server ends as in a power cut, and comes back.
    pub fn restart_api_server(&self) {
        self.control(&["restart", "kube-apiserver"]);
    }

    /// What a service account has asked of the API server, and was answered; newest last.
    pub fn asked_by(&self, account: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.audit).unwrap();
        // The last line may not be whole yet.
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["user"]["username"] == account).collect()
    }

    /// One object, by its kind and name.
    pub fn get(&self, namespace: &str, object: &str) -> Value {
        serde_json::from_str(&self.run(&["get", object, "--namespace", namespace, "--output=json"], ""))
            .unwrap()
    }

    /// Objects of a namespace.
    pub fn list(&self, namespace: &str, kind: &str, selector: &str) -> Vec<Value> {
        let arguments = ["get", kind, "--namespace", namespace, "--selector", selector, "--output=json"];
        let listed: Value = serde_json::from_str(&self.run(&arguments, "")).unwrap();
        listed["items"].as_array().cloned().unwrap_or_default()
    }

    /// The objects of a manifest.
    pub fn objects(&self, manifest: &str) -> Vec<Value> {
        let arguments = ["create", "--dry-run=client", "--validate=false", "--output=json", "--filename=-"];
        let said = self.run(&arguments, manifest);
        let each = serde_json::Deserializer::from_str(&said).into_iter::<Value>().map(Result::unwrap);
        each.flat_map(|object| match object["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![object],
        })
        .collect()
    }

    /// Applies objects.
    pub fn apply(&self, objects: &[Value]) {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        self.run(&["apply", "--filename=-"], &list.to_string());
    }
}

/// An agent in the cluster.
pub struct OnKubernetes {
    pub cluster: Cluster,
    /// Where its replicas are.
    pub namespace: String,
    /// Where it is itself.
    pub agents: String,
    /// Everything that was applied.
    pub manifest: Vec<Value>,
    leading: JoinHandle<()>,
}

impl OnKubernetes {
    /// Applies what `patr runner add` prints, after something was done to it.
    pub async fn start_with(
        cluster: Cluster,
        edge: &Edge,
        owner: &Caller,
        change: impl FnOnce(&mut Vec<Value>),
    ) -> Self {
        let manifest =
            Program::of(edge, owner).run(&["runner", "add", "box", "--runtime", "kubernetes"]).await;
        let mut objects = cluster.objects(&manifest);
        let names = objects.iter().filter(|object| object["kind"] == "Namespace");
        let names: Vec<String> =
            names.filter_map(|object| Some(object["metadata"]["name"].as_str()?.to_owned())).collect();
        let [namespace, agents] = names.try_into().expect("a namespace for replicas and one for agents");
        let (port, leading) = lead_in(&cluster.machine, edge.port).await;
        for object in objects.iter_mut().filter(|object| object["kind"] == "Deployment") {
            let pod = &mut object["spec"]["template"]["spec"];
            pod["containers"][0]["image"] = json!(cluster.agent);
            let image = pod["containers"][0]["args"].as_array_mut().unwrap().last_mut();
            *image.unwrap() = json!(cluster.agent);
            reach_the_edge(pod, &cluster, edge.port, port);
        }
        change(&mut objects);
        cluster.apply(&objects);
        Self { cluster, namespace, agents, manifest: objects, leading }
    }

    /// The pod of the agent that works, of those that there are.
    pub fn working(&self) -> String {
        let lease = self.cluster.get(&self.agents, "lease/patr-runner");
        lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    }

    /// Nothing reaches a pod any more, and so it reaches nobody, until what this gives back is dropped.
    pub fn cut_off(&self, pod: &str) -> CutOff {
        let pod = self.cluster.get(&self.agents, &format!("pod/{pod}"));
        let address = pod["status"]["podIP"].as_str().unwrap().to_owned();
        self.cluster.control(&["run", "--", "ip", "route", "add", "blackhole", &address]);
        CutOff { cluster: self.cluster.clone(), address }
    }

    /// Pods of the agent that run.
    pub fn agent_pods(&self) -> Vec<String> {
        running(&self.cluster.list(&self.agents, "pods", "app.kubernetes.io/name=patr-runner"))
    }
}

/// See [`OnKubernetes::cut_off`].
#[must_use]
pub struct CutOff {
    cluster: Cluster,
    address: String,
}

impl Drop for CutOff {
    fn drop(&mut self) {
        self.cluster.control(&["run", "--", "ip", "route", "delete", "blackhole", &self.address]);
    }
}

/// A pod has another `localhost` than the edge: what the agent asks there is carried to this machine.
fn reach_the_edge(pod: &mut Value, cluster: &Cluster, edge: u16, port: u16) {
    let carry = include_str!("../../servers/carry.py");
    pod["initContainers"] = json!([{
        "name": "to-the-edge",
        "image": cluster.debian,
        "imagePullPolicy": "Never",
        "restartPolicy": "Always",
        "command": ["python3", "-c", carry, edge.to_string(), cluster.machine, port.to_string()],
        "securityContext": pod["containers"][0]["securityContext"],
    }]);
}

/// Lets pods in to a port of this machine's loopback.
async fn lead_in(machine: &str, to: u16) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((machine, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let leading = tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            tokio::spawn(async move {
                // An edge that is away answers nobody.
                if let Ok(mut onward) = tokio::net::TcpStream::connect(("127.0.0.1", to)).await {
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut onward).await;
                }
            });
        }
    });
    (port, leading)
}

fn running(pods: &[Value]) -> Vec<String> {
    let run =
        |pod: &&Value| pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null();
    let mut names: Vec<String> = pods
        .iter()
        .filter(run)
        .filter_map(|pod| Some(pod["metadata"]["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

impl Host for OnKubernetes {
    const ROLLOUTS: u32 = 2;

    async fn start(edge: &Edge, owner: &Caller) -> Option<Self> {
        Some(Self::start_with(Cluster::here()?, edge, owner, |_| ()).await)
    }

    fn image(&self) -> String {
        self.cluster.image.clone()
    }

    fn user(&self) -> Option<&'static str> {
        Some("65532:65532")
    }

    async fn kill_agent(&mut self) {
        let pods =
            ["delete", "pods", "--selector=app.kubernetes.io/name=patr-runner", "--namespace", &self.agents];
        self.cluster.run(&[&pods[..], &["--grace-period=0", "--force"]].concat(), "");
    }

    async fn upgrade_agent(&mut self) {
        let rollout = |verb| ["rollout", verb, "deployment/patr-runner", "--namespace", &self.agents];
        self.cluster.run(&rollout("restart"), "");
        let mut waiting = tokio::process::Command::from(self.cluster.command(&rollout("status")));
        let ended =
            tokio::time::timeout(crate::PATIENCE, waiting.status()).await.expect("the agent is replaced");
        assert!(ended.unwrap().success());
    }

    fn replicas(&self, deployment: &str) -> Vec<String> {
        let selector = format!("patr.cloud/deployment={deployment}");
        running(&self.cluster.list(&self.namespace, "pods", &selector))
    }

    fn restarts(&self, deployment: &str) -> u64 {
        let pods = self.cluster.list(&self.namespace, "pods", &format!("patr.cloud/deployment={deployment}"));
        pods.iter().filter_map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_u64()).sum()
    }

    fn volumes(&self) -> usize {
        self.cluster.list(&self.namespace, "persistentvolumeclaims", "patr.cloud/volume").len()
    }
}

impl Drop for OnKubernetes {
    fn drop(&mut self) {
        self.leading.abort();
        if std::thread::panicking() {
            let logs = ["logs", "--selector=app.kubernetes.io/name=patr-runner", "--namespace", &self.agents];
            let _ = self.cluster.command(&[&logs[..], &["--tail=100", "--prefix"]].concat()).status();
            let _ = self.cluster.command(&["get", "pods,events", "--namespace", &self.namespace]).status();
        }
        // The agent first: it would make again what goes.
        for namespace in [&self.agents, &self.namespace] {
            let _ = self.cluster.command(&["delete", "namespace", namespace, "--wait=false"]).output();
        }
    }
}
