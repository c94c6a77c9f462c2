//! The runner of `examples/processes`: what somebody else makes of the same trait.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::Host;
use crate::{Caller, Edge, runner::terminate};

/// An agent whose replicas are processes of this machine.
pub struct OnProcesses {
    state: TempDir,
    agent: Child,
    url: String,
    token: String,
}

impl OnProcesses {
    fn spawn(state: &TempDir, url: &str, token: &str) -> Child {
        let program = std::env::var("PATR_PROCESSES_BIN").expect("run the stories with `cargo xtask test`");
        Command::new(program)
            .args(["run", "--url", url, "--programs"])
            .arg(programs())
            .arg("--state-dir")
            .arg(state.path())
            .env("PATR_RUNNER_TOKEN", token)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// What the agent has made of a deployment: the folder of each replica, and what is to be started there.
    fn folders(&self, deployment: &str) -> Vec<(PathBuf, Value)> {
        let Ok(entries) = std::fs::read_dir(self.state.path().join("replicas")) else { return Vec::new() };
        let folders = entries.flatten().map(|entry| entry.path());
        let known = folders.filter_map(|folder| {
            let record = read(&folder.join("record.json"))?;
            (record["deployment"] == deployment).then_some((folder, record))
        });
        known.collect()
    }
}

fn programs() -> PathBuf {
    std::env::var_os("PATR_PROGRAMS").expect("run the stories with `cargo xtask test`").into()
}

fn read(path: &std::path::Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Whether a process runs that was started as this program.
fn runs(pid: u64, program: &str) -> bool {
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|path| path == std::path::Path::new(program))
}

impl Host for OnProcesses {
    const HOLDS_TO_MEMORY: bool = false;
    const LISTENS_ANYWHERE: bool = false;

    async fn start(edge: &Edge, owner: &Caller) -> Option<Self> {
        let (state, url, token) = (tempfile::tempdir().unwrap(), edge.url(), owner.add_runner("box").await);
        let agent = Self::spawn(&state, &url, &token);
        Some(Self { state, agent, url, token })
    }

    fn image(&self) -> String {
        "patr-example-web:latest".to_owned()
    }

    fn program(&self) -> String {
        programs().join("patr-example-web").to_string_lossy().into_owned()
    }

    async fn kill_agent(&mut self) {
        self.agent.kill().await.unwrap();
        self.agent = Self::spawn(&self.state, &self.url, &self.token);
    }

    async fn upgrade_agent(&mut self) {
        let newer = Self::spawn(&self.state, &self.url, &self.token);
        terminate(std::mem::replace(&mut self.agent, newer)).await;
    }

    fn replicas(&self, deployment: &str) -> Vec<String> {
        let all = self.folders(deployment).into_iter();
        let mut names: Vec<String> = all
            .filter(|(folder, record)| {
                let state = read(&folder.join("state.json")).unwrap_or_default();
                state["pid"].as_u64().is_some_and(|pid| runs(pid, record["program"].as_str().unwrap()))
            })
            .map(|(folder, _)| folder.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn restarts(&self, deployment: &str) -> u64 {
        let all = self.folders(deployment);
        all.iter().filter_map(|(folder, _)| read(&folder.join("state.json"))?["restarts"].as_u64()).sum()
    }

    fn volumes(&self) -> usize {
        0
    }
}

impl Drop for OnProcesses {
    /// What it has started outlives it, and so is ended by its keepers.
    fn drop(&mut self) {
        let _ = self.agent.start_kill();
        while let Ok(None) = self.agent.try_wait() {
            std::thread::yield_now();
        }
        let Ok(entries) = std::fs::read_dir(self.state.path().join("replicas")) else { return };
        for folder in entries.flatten().map(|entry| entry.path()) {
            let keeper = std::fs::read_to_string(folder.join("keeper")).unwrap_or_default();
            let keeps = std::fs::read_to_string(format!("/proc/{keeper}/cmdline")).unwrap_or_default();
            if keeps.contains(&*folder.to_string_lossy()) {
                let _ = std::process::Command::new("kill").args(["-TERM", &keeper]).status();
            }
        }
    }
}
