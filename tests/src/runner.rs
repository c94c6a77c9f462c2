//! The real agent, as a process.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{Edge, PATIENCE};

/// An agent of a test's own. Its containers, volumes and networks are removed when the test is over.
pub struct Agent {
    state: TempDir,
    process: Child,
    url: String,
    token: String,
    environment: Vec<(&'static str, String)>,
}

impl Agent {
    /// Starts an agent with a token.
    pub fn start(edge: &Edge, token: &str) -> Self {
        Self::start_with(edge, token, &[])
    }

    /// Starts an agent with a token and more environment.
    pub fn start_with(edge: &Edge, token: &str, environment: &[(&'static str, String)]) -> Self {
        Self::start_at(&edge.url(), token, environment)
    }

    /// Starts an agent that reaches its edge at an address of its own.
    pub fn start_at(url: &str, token: &str, environment: &[(&'static str, String)]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let (url, token, environment) = (url.to_owned(), token.to_owned(), environment.to_vec());
        Self { process: spawn(&state, &url, &token, &environment), state, url, token, environment }
    }

    /// Ends it as a power cut would, and starts it again on the same state.
    pub async fn kill_and_restart(&mut self) {
        self.process.kill().await.unwrap();
        self.process = spawn(&self.state, &self.url, &self.token, &self.environment);
    }

    /// Starts a newer one on the same state and tells the old one to stop, as an upgrade does; waits for its end.
    pub async fn upgrade(&mut self) {
        let newer = spawn(&self.state, &self.url, &self.token, &self.environment);
        terminate(std::mem::replace(&mut self.process, newer)).await;
    }

    /// Tells it to stop, and waits for its end.
    pub async fn stop(&mut self) {
        terminate(&mut self.process).await;
    }

    pub fn pid(&self) -> u32 {
        self.process.id().expect("the agent runs")
    }

    /// The folder in which it remembers.
    pub fn state(&self) -> &std::path::Path {
        self.state.path()
    }

    /// Waits until it ends by itself; its exit code.
    pub async fn ends(&mut self) -> Option<i32> {
        let status = tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("the agent ends");
        status.unwrap().code()
    }
}

async fn terminate(mut agent: impl std::borrow::BorrowMut<Child>) {
    let agent = agent.borrow_mut();
    let pid = agent.id().expect("the agent runs").to_string();
    std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    tokio::time::timeout(PATIENCE, agent.wait()).await.expect("the agent ends").unwrap();
}

impl Drop for Agent {
    /// It is ended before what it has made is removed: it would make it again.
    fn drop(&mut self) {
        let _ = self.process.start_kill();
        while let Ok(None) = self.process.try_wait() {
            std::thread::yield_now();
        }
        let known = std::fs::read(self.state.path().join("desired.json")).unwrap_or_default();
        let known: serde_json::Value = serde_json::from_slice(&known).unwrap_or_default();
        let Some(runner) = known["runner"].as_str() else { return };
        let filter = format!("label=cloud.patr.runner={runner}");
        remove(&["ps", "--all", "--quiet"], &filter, &["rm", "--force", "--volumes"]);
        remove(&["volume", "ls", "--quiet"], &filter, &["volume", "rm", "--force"]);
        remove(&["network", "ls", "--quiet"], &filter, &["network", "rm"]);
    }
}

/// Removes what is listed, if anything is.
fn remove(list: &[&str], filter: &str, remove: &[&str]) {
    let docker = |arguments: &[&str]| std::process::Command::new("docker").args(arguments).output();
    let Ok(listed) = docker(&[list, &["--filter", filter]].concat()) else { return };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names: Vec<&str> = listed.split_whitespace().collect();
    if !names.is_empty() {
        // The Engine keeps what somebody else uses.
        let _ = docker(&[remove, &names].concat());
    }
}

fn spawn(state: &TempDir, url: &str, token: &str, environment: &[(&'static str, String)]) -> Child {
    let program = std::env::var("PATR_RUNNER_BIN").expect("run the stories with `cargo xtask test`");
    Command::new(program)
        .args(["docker", "--url", url, "--state-dir"])
        .arg(state.path())
        .env("PATR_RUNNER_TOKEN", token)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Containers of a deployment: their ids, sorted.
pub fn containers(deployment: impl std::fmt::Display) -> Vec<String> {
    let filter = format!("label=cloud.patr.deployment={deployment}");
    let output = std::process::Command::new("docker")
        .args(["ps", "--quiet", "--all", "--no-trunc", "--filter", &filter])
        .output()
        .unwrap();
    let mut ids: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    ids.sort();
    ids
}

/// All that the Engine knows of a container.
pub fn inspect(container: &str) -> serde_json::Value {
    let all: serde_json::Value =
        serde_json::from_str(&crate::registry::docker(&["inspect", container], "")).unwrap();
    all[0].clone()
}

/// Removes the containers of a deployment when a story is over, however it ends.
pub struct CleanUp(pub String);

impl Drop for CleanUp {
    fn drop(&mut self) {
        for id in containers(&self.0) {
            let _ = std::process::Command::new("docker").args(["rm", "--force", &id]).output();
        }
    }
}
