//! The Engine of this machine, for a runner of a test's own. Whatever a test makes goes with it.

use std::{collections::BTreeSet, fs, process::Command};

use bollard::query_parameters::CreateImageOptions;
use futures_util::{StreamExt, TryStreamExt};
use patr_models::{
    deployment::{Power, logs::LogStream},
    ids::{Id, RunnerId, WorkspaceId},
    name::Name,
    secret::SecretValue,
    time::Millis,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::*;

/// An image of programs of this machine. It stays for the next run.
const IMAGE: &str = "patr-test-tools";
const TAG: &str = "3";
const PROGRAMS: [&str; 11] =
    ["bash", "cat", "chmod", "chown", "getent", "id", "ls", "mkdir", "sleep", "stat", "stty"];
/// The end of a script that runs until it is told to stop.
pub(super) const WAIT: &str = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

pub(super) struct Bench {
    pub(super) docker: Docker,
    pub(super) runner: String,
    pub(super) workspace: WorkspaceId,
    _state: TempDir,
}

impl Bench {
    /// `None`, said loudly, where there is no Engine. In CI there must be one.
    pub(super) async fn new() -> Option<Self> {
        static TOOLS: OnceCell<()> = OnceCell::const_new();
        let state = tempfile::tempdir().unwrap();
        let Ok(docker) = Docker::connect(false, state.path()).await else {
            assert!(std::env::var_os("CI").is_none(), "CI needs a Docker Engine");
            eprintln!("SKIPPED: there is no Docker Engine here");
            return None;
        };
        TOOLS.get_or_init(|| make_image(&docker)).await;
        let runner = RunnerId::from_parts(Millis(0), rand::random()).to_string();
        let workspace = WorkspaceId::from_parts(Millis(0), rand::random());
        Some(Self { docker, runner, workspace, _state: state })
    }

    /// Another agent of the same runner, as after a crash.
    pub(super) async fn successor(&self) -> Docker {
        Docker::connect(false, self._state.path()).await.unwrap()
    }

    /// A replica of a deployment of its own that runs a script.
    pub(super) async fn replica(&self, name: &str, script: &str) -> NewReplica {
        let mut spec = WorkloadSpec::of(format!("{IMAGE}:{TAG}").parse().unwrap());
        spec.command = ["sh", "-c", script].map(str::to_owned).to_vec();
        spec.stop_grace_s = Some(2);
        let digest = self.docker.pull(&spec, None).await.unwrap();
        let desired = DesiredDeployment {
            id: DeploymentId::from_parts(Millis(0), rand::random()),
            workspace: self.workspace,
            name: name.parse().unwrap(),
            generation: 1,
            release: 1,
            power: Power::Running,
            replicas: 1,
            autoscale: None,
            restart: 0,
            spec,
            digest: None,
            sealed: None,
        };
        NewReplica { desired, digest, hash: "hash".to_owned(), secrets: Secrets::default() }
    }

    /// Starts it; the id of its container.
    pub(super) async fn start(&self, new: &NewReplica) -> String {
        self.docker.start(new, &self.runner).await.unwrap();
        let here = self.docker.observe(&self.runner).await.unwrap();
        here.into_iter().find(|replica| replica.deployment == new.desired.id).unwrap().id
    }

    /// Starts a replica that runs a script.
    pub(super) async fn started(&self, name: &str, script: &str) -> String {
        let new = self.replica(name, script).await;
        self.start(&new).await
    }

    /// What a container has written, once it contains this.
    pub(super) async fn says(&self, id: &str, what: &str) -> String {
        eventually(what, async || {
            let said = self.docker.last_lines(id).await.join("\n");
            if said.contains(what) { Ok(said) } else { Err(said) }
        })
        .await
    }

    /// Runs a shell's words in a container: its output and exit code.
    pub(super) async fn run(&self, id: &str, words: &str) -> (String, i64) {
        let command = ["sh", "-c", words].map(str::to_owned).to_vec();
        let Exec { mut output, ended, .. } = self.docker.exec(id, command, None).await.unwrap();
        let mut said = Vec::new();
        while let Some((_, bytes)) = output.recv().await {
            said.extend_from_slice(&bytes);
        }
        (String::from_utf8(said).unwrap().trim().to_owned(), ended.await.unwrap())
    }
}

/// A secret with this value, as version 1.
pub(super) fn secret(new: &mut NewReplica, name: &str, value: &[u8]) {
    let (name, value): (Name, _) = (name.parse().unwrap(), SecretValue::from_bytes(value.to_vec()));
    new.secrets.0.entry(name).or_default().insert(1, value);
}

/// What a command wrote on each of its outputs.
pub(super) async fn collect(mut exec: Exec) -> (String, String, i64) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while let Some((stream, bytes)) = exec.output.recv().await {
        if stream == LogStream::Stdout { out.extend(bytes) } else { err.extend(bytes) }
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(err), exec.ended.await.unwrap())
}

/// Asks until the answer is right, and for half a minute at most.
pub(super) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<T, String>) -> T {
    let mut again = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        again.tick().await;
        if let Ok(answer) = ask().await {
            return answer;
        }
    }
    panic!("{what}: not within 30 s; the last answer was {:?}", ask().await.err())
}

/// Runs `docker`; what it says.
pub(super) fn docker(arguments: &[&str]) -> String {
    docker_says(arguments).unwrap_or_else(|error| panic!("docker {arguments:?}: {error}"))
}

/// Runs `docker`, which may refuse.
pub(super) fn docker_says(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("docker").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let remove = |list: &[&str], remove: &[&str]| {
            let found = docker_says(list).unwrap_or_default();
            let found: Vec<_> = found.split_whitespace().collect();
            if !found.is_empty() {
                let _ = Command::new("docker").args(remove).args(found).output();
            }
        };
        for label in [label::CARRIER, label::RUNNER] {
            let filter = format!("label={label}={}", self.runner);
            remove(&["ps", "--all", "--quiet", "--filter", &filter], &["rm", "--force", "--volumes"]);
            remove(&["network", "ls", "--quiet", "--filter", &filter], &["network", "rm"]);
            remove(&["volume", "ls", "--quiet", "--filter", &filter], &["volume", "rm"]);
        }
    }
}

async fn make_image(docker: &Docker) {
    if docker.local(&format!("{IMAGE}:{TAG}")).await.unwrap().is_some() {
        return;
    }
    let options = CreateImageOptions {
        from_src: Some("-".to_owned()),
        repo: Some(IMAGE.to_owned()),
        tag: Some(TAG.to_owned()),
        changes: vec!["ENV PATH=/usr/bin".to_owned()],
        ..Default::default()
    };
    let body = bollard::body_full(programs().into());
    docker
        .api
        .create_image(Some(options), Some(body), None)
        .map(|said| said.map(drop))
        .try_collect::<()>()
        .await
        .unwrap();
}

/// The programs with the libraries that they say they need.
fn programs() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut put = |path: &str, bytes: &[u8], mode| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, path.trim_start_matches('/'), bytes).unwrap();
    };
    let mut libraries = BTreeSet::new();
    for program in PROGRAMS {
        let path = format!("/usr/bin/{program}");
        put(&path, &fs::read(&path).unwrap(), 0o755);
        let said = Command::new("ldd").arg(&path).output().unwrap();
        let words = String::from_utf8(said.stdout).unwrap();
        libraries.extend(words.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned));
    }
    for library in libraries {
        put(&library, &fs::read(&library).unwrap(), 0o755);
    }
    put("/usr/bin/sh", &fs::read("/usr/bin/bash").unwrap(), 0o755);
    put("/etc/passwd", b"root:x:0:0::/:/usr/bin/sh\napp:x:1000:1000::/:/usr/bin/sh\n", 0o644);
    builder.into_inner().unwrap()
}
