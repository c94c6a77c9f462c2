//! A person with a machine of their own: a home, an environment, an installation to talk to.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::{edge::Edge, sample, terminal::Terminal};

/// See the module.
pub(crate) struct TestContext {
    pub(crate) edge: Edge,
    home: TempDir,
    env: BTreeMap<&'static str, String>,
}

impl TestContext {
    /// Logged in and in the workspace `acme`, through the environment.
    pub(crate) fn new() -> Self {
        Self::logged_out().with("PATR_TOKEN", sample::TOKEN).with("PATR_WORKSPACE", "acme")
    }

    /// With an installation and no login.
    pub(crate) fn logged_out() -> Self {
        let edge = Edge::start();
        let url = edge.url();
        Self::fresh(edge).with("PATR_URL", &url)
    }

    /// With nothing at all.
    pub(crate) fn fresh(edge: Edge) -> Self {
        Self { edge, home: tempfile::tempdir().unwrap(), env: BTreeMap::new() }
    }

    /// With a variable in the environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.insert(name, value.to_owned());
        self
    }

    /// Where `patr` keeps its files.
    pub(crate) fn config(&self) -> PathBuf {
        self.home.path().join(".config/patr")
    }

    /// Writes a file into the home, which is also where commands run.
    pub(crate) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).unwrap();
    }

    /// Where commands run.
    pub(crate) fn folder(&self) -> &Path {
        self.home.path()
    }

    /// `patr` with what follows, split as a shell does.
    pub(crate) fn patr(&self, line: &str) -> Patr<'_> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_patr"));
        command
            .args(shlex::split(line).unwrap())
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            // Nothing of a test belongs in the keyring of whoever runs it.
            .env("PATR_KEYRING", "off")
            .env("XDG_CONFIG_HOME", self.home.path().join(".config"))
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Patr { context: self, command, stdin: None }
    }

    /// `text` without what differs from run to run.
    fn steady(&self, text: &str) -> String {
        let home = self.home.path().to_string_lossy();
        text.replace(&self.edge.url(), "[EDGE]").replace(&*home, "[HOME]")
    }
}

/// One command that is about to run.
pub(crate) struct Patr<'c> {
    context: &'c TestContext,
    command: Command,
    stdin: Option<&'static str>,
}

impl Patr<'_> {
    /// What is piped in.
    pub(crate) fn stdin(mut self, text: &'static str) -> Self {
        self.command.stdin(Stdio::piped());
        self.stdin = Some(text);
        self
    }

    /// With what a file has on standard input.
    pub(crate) fn stdin_from(mut self, file: std::fs::File) -> Self {
        self.command.stdin(file);
        self
    }

    /// With a variable in the environment, besides those of the context.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a variable of the context.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Writes stdout elsewhere.
    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    /// On a terminal of its own.
    pub(crate) fn on(mut self, terminal: &Terminal) -> Self {
        // A session of its own, so that it knows no terminal but this one.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(self.command.get_program()).args(self.command.get_args()).env_clear();
        for (name, value) in self.command.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.current_dir(self.context.home.path());
        command.stdin(terminal.user()).stdout(terminal.user()).stderr(Stdio::piped());
        self.command = command;
        self
    }

    /// Starts it.
    pub(crate) fn start(&mut self) -> Child {
        let mut child = self.command.spawn().unwrap();
        if let (Some(text), Some(mut stdin)) = (self.stdin, child.stdin.take()) {
            // A command that refuses its arguments is gone before it reads.
            let _ = stdin.write_all(text.as_bytes());
        }
        child
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ran {
        let child = self.start();
        self.ended(child)
    }

    /// What came of a process that was started before.
    pub(crate) fn ended(&self, child: Child) -> Ran {
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| self.context.steady(&String::from_utf8(bytes).unwrap());
        Ran { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }
}

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code: {}", self.code)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "----- {name} -----\n{text}")?;
            }
        }
        Ok(())
    }
}

/// Permission bits of a file, or `None` where there are none.
pub(crate) fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()));
    #[cfg(not(unix))]
    None
}

/// Runs a command and compares everything that a person sees of it.
macro_rules! patr_snapshot {
    ($patr:expr, @$snapshot:literal) => {{
        let ran = $patr.run().to_string();
        insta::assert_snapshot!(ran, @$snapshot);
    }};
}
pub(crate) use patr_snapshot;
