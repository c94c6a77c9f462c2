//! The command line, as a person uses it.

use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Lines},
    process::{Child, Command},
};

use crate::{Caller, Edge, PATIENCE};

/// `patr` on a machine of somebody's.
pub struct Program {
    config: TempDir,
    /// What its environment says.
    variables: Vec<(&'static str, String)>,
}

/// A command that goes on.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<Box<dyn AsyncRead + Unpin + Send>>>,
}

impl Running {
    /// The next line that it prints.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("a line is printed in time").unwrap().expect("the command goes on")
    }

    /// Waits for its end: what it printed until then, and its exit status.
    pub async fn end(mut self) -> (String, Option<i32>) {
        let ending = async {
            let mut rest = String::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                rest = format!("{rest}{line}\n");
            }
            (rest, self.child.wait().await.unwrap().code())
        };
        tokio::time::timeout(PATIENCE, ending).await.expect("the command ends in time")
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// Of a caller of the API.
    pub fn of(edge: &Edge, caller: &Caller) -> Self {
        let mut program = Self::of_nobody(edge);
        let token = caller.token().unwrap().to_owned();
        program.variables.extend([("PATR_TOKEN", token), ("PATR_WORKSPACE", caller.workspace().to_string())]);
        program
    }

    /// Of somebody who is not logged in yet.
    pub fn of_nobody(edge: &Edge) -> Self {
        let variables = vec![("PATR_URL", edge.url()), ("PATR_KEYRING", "off".to_owned())];
        Self { config: tempfile::tempdir().unwrap(), variables }
    }

    /// With a variable in its environment.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = std::env::var("PATR_BIN").expect("run the stories with `cargo xtask test`");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("PATR_CONFIG_DIR", self.config.path())
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Starts a command that goes on until it is dropped, and listens to what it puts out.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let from = Box::new(child.stdout.take().unwrap());
        Running { child, lines: BufReader::new(from as _).lines() }
    }

    /// Starts a command that goes on until it is dropped, and listens to what it says to people.
    pub fn start_and_listen(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let from = Box::new(child.stderr.take().unwrap());
        Running { child, lines: BufReader::new(from as _).lines() }
    }

    /// Runs a command to its end, with something on its standard input.
    pub async fn with_input(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read has closed its end.
        let _ = stdin.write_all(input).await;
        drop(stdin);
        let Output { status, stdout, stderr } = child.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Runs a command to its end, whatever that is.
    pub async fn try_run(&self, arguments: &[&str]) -> Ended {
        self.with_input(arguments, b"").await
    }

    /// Runs a command that succeeds; its standard output.
    pub async fn run(&self, arguments: &[&str]) -> String {
        let ended = self.try_run(arguments).await;
        assert_eq!(ended.code, Some(0), "patr {}\n{}{}", arguments.join(" "), ended.stdout, ended.stderr);
        ended.stdout
    }
}
