//! The command line, as a person uses it.

use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{Caller, Edge, PATIENCE};

/// `patr` of somebody who is logged in.
pub struct Program {
    config: TempDir,
    url: String,
    token: String,
    workspace: String,
}

/// A command that goes on.
pub struct Running {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// The next line that it prints.
    pub async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("a line is printed in time").unwrap().expect("the command goes on")
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
        Self {
            config: tempfile::tempdir().unwrap(),
            url: edge.url(),
            token: caller.token().unwrap().to_owned(),
            workspace: caller.workspace().to_string(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = std::env::var("PATR_BIN").expect("run the stories with `cargo xtask test`");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("PATR_CONFIG_DIR", self.config.path())
            .env("PATR_URL", &self.url)
            .env("PATR_TOKEN", &self.token)
            .env("PATR_WORKSPACE", &self.workspace)
            .kill_on_drop(true);
        command
    }

    /// Starts a command that goes on until it is dropped.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { _child: child, lines }
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
