//! A person with an account and a workspace, who types `patr` commands.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::edge::{self, Edge};
use crate::test;

/// The account on a machine of one's own; the name resolves nowhere else.
const EMAIL: &str = "dev@localhost.localdomain";
const WORKSPACE: &str = "acme";

/// Somebody who is logged in.
pub(crate) struct Person {
    url: String,
    config: PathBuf,
    password: String,
}

impl Person {
    /// Logs in, and makes the account and the workspace if they are not there.
    ///
    /// # Errors
    /// `patr` failed; its words are in the error.
    pub(crate) fn enter(edge: &Edge, state: &Path) -> anyhow::Result<Self> {
        let file = state.join("password");
        if !file.exists() {
            // Kept before it is used: a run that is cut off after the sign-up can still log in.
            edge::write_private(&file, &edge::random()?)?;
        }
        let password = fs::read_to_string(&file).context("reading the password")?;
        let person = Self { url: edge.url.clone(), config: state.join("cli"), password };
        let known = person.can(&["whoami"])
            || person.type_password(&["login", "--email", EMAIL, "--password-stdin"], None).is_ok();
        if !known {
            let sign_up = ["sign-up", "--email", EMAIL, "--password-stdin"];
            person.type_password(&sign_up, Some(edge.bootstrap_secret()))?;
        }
        if !person.can(&["workspace", "show", WORKSPACE]) {
            person.run(&["--quiet", "workspace", "create", WORKSPACE])?;
        }
        Ok(person)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn workspace(&self) -> &'static str {
        WORKSPACE
    }

    /// The secret of another login of the same person.
    ///
    /// # Errors
    /// `patr` failed; its words are in the error.
    pub(crate) fn log_in_again(&self) -> anyhow::Result<String> {
        let other = Self {
            config: self.config.with_extension("again"),
            url: self.url.clone(),
            password: self.password.clone(),
        };
        other.type_password(&["login", "--email", EMAIL, "--password-stdin"], None)?;
        let file = fs::read(other.config.join("credentials.json")).context("reading the login")?;
        let file: serde_json::Value = serde_json::from_slice(&file).context("reading the login")?;
        let secret = file["tokens"][&self.url].as_str().context("there is no login")?;
        Ok(secret.to_owned())
    }

    /// Who to log in as.
    pub(crate) fn describe(&self) -> String {
        format!("{EMAIL}, password {}", self.password)
    }

    /// What to type to be this person.
    pub(crate) fn command_line(&self) -> String {
        format!(
            "PATR_CONFIG_DIR={} PATR_URL={} PATR_WORKSPACE={WORKSPACE} {}",
            self.config.display(),
            self.url,
            test::program("patr").display()
        )
    }

    /// Runs a command and gives back its stdout.
    ///
    /// # Errors
    /// It failed; its words are in the error.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        finish(self.patr(arguments), "")
    }

    /// Whether a command succeeds.
    pub(crate) fn can(&self, arguments: &[&str]) -> bool {
        self.run(arguments).is_ok()
    }

    fn type_password(&self, arguments: &[&str], bootstrap: Option<&str>) -> anyhow::Result<String> {
        let mut patr = self.patr(arguments);
        if let Some(secret) = bootstrap {
            patr.env("PATR_BOOTSTRAP_SECRET", secret);
        }
        finish(patr, &self.password)
    }

    fn patr(&self, arguments: &[&str]) -> Command {
        let mut patr = Command::new(test::program("patr"));
        patr.args(arguments)
            .env("PATR_CONFIG_DIR", &self.config)
            .env("PATR_URL", &self.url)
            .env("PATR_WORKSPACE", WORKSPACE)
            .env("PATR_KEYRING", "off")
            .env_remove("PATR_TOKEN");
        patr
    }
}

fn finish(mut command: Command, input: &str) -> anyhow::Result<String> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {shown}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{shown} failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
