//! `cargo xtask dev`: a whole installation on this machine, with something deployed to it.
//!
//! It does what a person would do, with the programs that a person has: `patr` and `patr-runner`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::agent::Agent;
use crate::edge::{self, Edge};
use crate::person::Person;
use crate::{images, root, sh, test};

/// Names of what is made.
const RUNNER: &str = "local";
pub(crate) const SITE: &str = "site";
pub(crate) const DEPLOYMENT: &str = "web";

/// How to run a whole installation here
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where everything is kept [default: .patr/dev of the repository]
    #[arg(long)]
    state: Option<PathBuf>,
}

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// Something did not build, start or deploy; what was started until then is stopped.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let start = Instant::now();
    let docker = images::docker_answers();
    sh::run(sh::cargo().args(["build", "--quiet", "-p", "patr-cli", "-p", "patr-runner", "--bins"]))?;
    if docker {
        images::build()?;
    }
    let state = options.state.clone().unwrap_or_else(|| root().join(".patr/dev"));
    fs::create_dir_all(&state).with_context(|| format!("making {}", state.display()))?;
    let state = state.canonicalize()?;

    let mut edge =
        Edge::start(&edge::Options { port: options.port, state: Some(state.join("edge")), no_build: false })?;
    let interrupted = edge::interrupts()?;
    let person = Person::enter(&edge, &state)?;
    let mut agent = docker.then(|| join(&person, &state, &test::program("patr-runner"))).transpose()?;
    deploy(&person, docker)?;
    tell(&edge, &person, docker, start.elapsed());
    edge.until(&interrupted, || agent.as_mut().map_or(Ok(()), Agent::check))
}

/// Adds the runner if it is not there, and starts its agent.
pub(crate) fn join(person: &Person, state: &Path, program: &Path) -> anyhow::Result<Agent> {
    let token = state.join("runner-token");
    if !person.can(&["runner", "show", RUNNER]) {
        edge::write_private(&token, person.run(&["--quiet", "runner", "add", RUNNER])?.trim())?;
    } else if !token.exists() {
        edge::write_private(&token, person.run(&["--quiet", "runner", "rotate-token", RUNNER])?.trim())?;
    }
    let shown = person.run(&["--output", "json", "runner", "show", RUNNER])?;
    let shown: serde_json::Value = serde_json::from_str(&shown).context("reading `patr runner show`")?;
    let id = shown["id"].as_str().context("`patr runner show` names no id")?;
    Agent::start(program, person.url(), &token, &state.join("runner"), id.to_owned())
}

/// Deploys the two examples. Both commands change what is there, so a second run makes nothing twice.
pub(crate) fn deploy(person: &Person, docker: bool) -> anyhow::Result<()> {
    let site = root().join("examples/site");
    person.run(&["--quiet", "site", "deploy", &site.to_string_lossy(), "--name", SITE])?;
    if docker {
        let web =
            ["--quiet", "deploy", images::WEB, "--name", DEPLOYMENT, "--port", "8080", "--timeout", "60s"];
        person.run(&[&web[..], &["--runner", RUNNER, "--env", "RELEASE=dev"]].concat())?;
    }
    Ok(())
}

fn tell(edge: &Edge, person: &Person, docker: bool, took: Duration) {
    println!("\nready after {:.1} s", took.as_secs_f32());
    println!("  static site      {}", edge.host(SITE, person.workspace()));
    if docker {
        println!("  container        {}", edge.host(DEPLOYMENT, person.workspace()));
    } else {
        println!("  no container: no Docker Engine answers here. Start one, then run this again.");
    }
    println!("  control plane    {}   {}", edge.url, person.describe());
    println!("  command line     {}", person.command_line());
    println!("Ctrl-C stops everything.");
}
