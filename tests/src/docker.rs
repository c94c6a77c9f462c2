//! The `docker` command, of the machine's Engine or of another.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

/// An Engine, by where it listens.
#[derive(Debug, Clone, Default)]
pub struct Docker {
    environment: Vec<(String, String)>,
}

impl Docker {
    /// The machine's.
    pub fn of_the_machine() -> Self {
        Self::default()
    }

    /// The one at an address, as DOCKER_HOST says it.
    pub fn at(host: &str) -> Self {
        Self { environment: vec![("DOCKER_HOST".to_owned(), host.to_owned())] }
    }

    /// The one that a program with this environment talks to.
    pub fn with(environment: &[(&'static str, String)]) -> Self {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self { environment: environment.collect() }
    }

    /// A command that is not run yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(arguments).envs(self.environment.iter().cloned());
        command
    }

    /// Runs a command to its end, whatever that is.
    pub fn try_run(&self, arguments: &[&str], input: &str) -> Output {
        let mut process = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that does not read has closed its end.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        process.wait_with_output().unwrap()
    }

    /// Runs a command that succeeds; what it says.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let output = self.try_run(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Containers of a deployment: their ids, sorted.
    pub fn containers(&self, deployment: impl std::fmt::Display) -> Vec<String> {
        let filter = format!("label=cloud.patr.deployment={deployment}");
        let listed = self.try_run(&["ps", "--quiet", "--all", "--no-trunc", "--filter", &filter], "");
        let mut ids: Vec<String> =
            String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// All that is known of a container.
    pub fn inspect(&self, container: &str) -> serde_json::Value {
        let all: serde_json::Value = serde_json::from_str(&self.run(&["inspect", container], "")).unwrap();
        all[0].clone()
    }

    /// Removes what is listed, if anything is.
    pub fn remove_listed(&self, list: &[&str], remove: &[&str]) {
        let Ok(listed) = self.command(list).output() else { return };
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let names: Vec<&str> = listed.split_whitespace().collect();
        if !names.is_empty() {
            // The Engine keeps what somebody else uses.
            let _ = self.command(&[remove, &names].concat()).output();
        }
    }
}
