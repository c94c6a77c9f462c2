//! A `patr-runner` of ours on this machine, and the containers that it started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::sh;

/// How long the agent may take to stop.
const STOP: Duration = Duration::from_secs(5);

/// A running agent; it and its containers are ended when dropped.
pub(crate) struct Agent {
    child: Child,
    log: PathBuf,
    runner: String,
}

impl Agent {
    /// Starts the agent of the runner with the id `runner`. Its log is beside its state folder.
    ///
    /// # Errors
    /// The program is missing, or the folder cannot be written.
    pub(crate) fn start(
        program: &Path,
        url: &str,
        token: &Path,
        state: &Path,
        runner: String,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(state)?;
        let log = state.with_extension("log");
        let child = Command::new(program)
            .args(["docker", "--url", url, "--token-file"])
            .arg(token)
            .arg("--state-dir")
            .arg(state)
            .env_remove("PATR_RUNNER_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).context("making the log of the agent")?)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self { child, log, runner })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// # Errors
    /// The agent ended by itself.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("the agent ended by itself ({status}): see {}", self.log.display()),
            None => Ok(()),
        }
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Gone meanwhile is as good.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.child.kill()?;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.remove_containers()
    }

    /// Where the first of its containers can be reached from this machine.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn address(&self) -> anyhow::Result<String> {
        let containers = self.containers()?;
        let first = containers.first().context("the agent started no container")?;
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let said = sh::output(Command::new("docker").args(["inspect", "--format", format, first]))?;
        Ok(format!("{}:8080", said.trim()))
    }

    fn filter(&self) -> String {
        format!("label=cloud.patr.runner={}", self.runner)
    }

    fn containers(&self) -> anyhow::Result<Vec<String>> {
        let listed =
            sh::output(Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &self.filter()]))?;
        Ok(listed.split_whitespace().map(str::to_owned).collect())
    }

    /// An agent that stops leaves its containers running, as it should; what we started, we also take away, but for
    /// volumes. The next agent starts them again, because they are still desired.
    fn remove_containers(&self) -> anyhow::Result<()> {
        let containers = self.containers()?;
        if !containers.is_empty() {
            sh::quietly(Command::new("docker").args(["rm", "--force"]).args(containers))?;
        }
        let networks = sh::output(Command::new("docker").args([
            "network",
            "ls",
            "--quiet",
            "--filter",
            &self.filter(),
        ]))?;
        let networks: Vec<&str> = networks.split_whitespace().collect();
        if networks.is_empty() {
            return Ok(());
        }
        sh::quietly(Command::new("docker").args(["network", "rm"]).args(networks))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("stopping the agent: {error:#}");
        }
    }
}
