//! The command line, as a person uses it.

use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{Caller, Edge};

/// `patr` of somebody who is logged in.
pub struct Program {
    config: TempDir,
    url: String,
    token: String,
    workspace: String,
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

    /// Runs a command to its end, with something on its standard input.
    pub async fn with_input(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let program = std::env::var("PATR_BIN").expect("run the stories with `cargo xtask test`");
        let mut child = Command::new(program)
            .args(arguments)
            .env("PATR_CONFIG_DIR", self.config.path())
            .env("PATR_URL", &self.url)
            .env("PATR_TOKEN", &self.token)
            .env("PATR_WORKSPACE", &self.workspace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
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
