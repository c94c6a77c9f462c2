//! The real agent, as a process.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{Edge, PATIENCE, docker::Docker};

/// An agent of a test's own. Its containers, volumes and networks are removed when the test is over.
pub struct Agent {
    state: TempDir,
    process: Child,
    url: String,
    token: String,
    environment: Vec<(&'static str, String)>,
    /// The words before the program: what runs it.
    under: Vec<String>,
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
        Self::new(url, token, environment, Vec::new())
    }

    /// Starts an agent by a program that becomes it.
    pub fn start_under(
        edge: &Edge,
        token: &str,
        environment: &[(&'static str, String)],
        under: Vec<String>,
    ) -> Self {
        Self::new(&edge.url(), token, environment, under)
    }

    fn new(url: &str, token: &str, environment: &[(&'static str, String)], under: Vec<String>) -> Self {
        let state = tempfile::tempdir().unwrap();
        let (url, token, environment) = (url.to_owned(), token.to_owned(), environment.to_vec());
        let process = spawn(&state, (&url, &token), &environment, &under);
        Self { state, process, url, token, environment, under }
    }

    fn spawn(&self) -> Child {
        spawn(&self.state, (&self.url, &self.token), &self.environment, &self.under)
    }

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// As [`Self::kill`], and starts it again on the same state.
    pub async fn kill_and_restart(&mut self) {
        self.kill().await;
        self.restart();
    }

    /// Starts one that has ended again on the same state.
    pub fn restart(&mut self) {
        self.process = self.spawn();
    }

    /// Starts a newer one on the same state and tells the old one to stop, as an upgrade does; waits for its end.
    pub async fn upgrade(&mut self) {
        let newer = self.spawn();
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

/// Tells an agent to stop, and waits for its end.
pub(crate) async fn terminate(mut agent: impl std::borrow::BorrowMut<Child>) {
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
        let docker = Docker::with(&self.environment);
        let listed = |list: &[&'static str]| [list, &["--quiet", "--filter"]].concat();
        for (list, remove) in [
            (listed(&["ps", "--all"]), &["rm", "--force", "--volumes"][..]),
            (listed(&["volume", "ls"]), &["volume", "rm", "--force"]),
            (listed(&["network", "ls"]), &["network", "rm"]),
        ] {
            docker.remove_listed(&[&list[..], &[&filter]].concat(), remove);
        }
    }
}

fn spawn(
    state: &TempDir,
    (url, token): (&str, &str),
    environment: &[(&'static str, String)],
    under: &[String],
) -> Child {
    let program = std::env::var("PATR_RUNNER_BIN").expect("run the stories with `cargo xtask test`");
    let mut words = under.iter().chain([&program]);
    Command::new(words.next().unwrap())
        .args(words)
        .args(["docker", "--url", url, "--state-dir"])
        .arg(state.path())
        .env("PATR_RUNNER_TOKEN", token)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Containers of a deployment on the machine's Engine: their ids, sorted.
pub fn containers(deployment: impl std::fmt::Display) -> Vec<String> {
    Docker::of_the_machine().containers(deployment)
}

/// All that the machine's Engine knows of a container.
pub fn inspect(container: &str) -> serde_json::Value {
    Docker::of_the_machine().inspect(container)
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
