//! `cargo xtask schemathesis`: requests of every shape that the OpenAPI document allows, and of many that it does not, to a
//! local edge. No answer may be a fault of ours, and each has to be as the document says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::edge::{self, Edge};
use crate::person::Person;
use crate::{root, scripts, sh, target_dir};

/// What pip installs: one package, and what it needs, each in one version.
const REQUIREMENTS: &str = "xtask/schemathesis/requirements.txt";
/// Which checks are made, and what stands for the parameters of paths.
const CONFIG: &str = "xtask/schemathesis/schemathesis.toml";
/// Requests of each kind to each endpoint; `PATR_DOSE` times as many where that is set.
const EXAMPLES: u32 = 8;

/// # Errors
/// Something cannot be installed or started, or an answer is not as it should be: it is shown above.
pub(crate) fn run() -> anyhow::Result<()> {
    let program = install()?;
    scripts::build(false, None)?;
    // All members at once, as nextest builds them: the same features, so nothing is compiled twice.
    sh::run(sh::cargo().args(["build", "--quiet", "--workspace", "--bins"]))?;
    let state = target_dir().join("schemathesis/state");
    if state.exists() {
        fs::remove_dir_all(&state).with_context(|| format!("emptying {}", state.display()))?;
    }
    fs::create_dir_all(&state).with_context(|| format!("making {}", state.display()))?;
    let edge = Edge::start(&edge::Options { port: 0, state: Some(state.join("edge")), no_build: true })?;
    let person = Person::enter(&edge, &state)?;
    furnish(&person, &state)?;
    let token = person.run(&["--quiet", "token", "create", "asks"])?;
    // Two logins: what is asked with one may end the other.
    let login = person.log_in_again()?;
    for (who, secret) in [("nobody", None), ("a token", Some(token.trim())), ("a login", Some(&*login))] {
        println!("== as {who}");
        ask(&program, &edge, secret)?;
    }
    Ok(())
}

/// One of everything, so that an endpoint has something to be about.
fn furnish(person: &Person, state: &Path) -> anyhow::Result<()> {
    let site = state.join("site");
    fs::create_dir_all(&site)?;
    fs::write(site.join("index.html"), "<!doctype html><title>A site</title>")?;
    let value = state.join("value");
    fs::write(&value, "a value")?;
    let (site, value) = (site.display().to_string(), value.display().to_string());
    for line in [
        &["runner", "add", "box"][..],
        &["volume", "create", "data", "--runner", "box"],
        &["secret", "set", "db", "--from-file", &value],
        &["deploy", "nginx:1", "--name", "web", "--runner", "box", "--port", "80", "--no-wait"],
        &["site", "deploy", &site, "--name", "docs"],
        &["role", "create", "readers", "--allow", "site:view"],
        &["token", "create", "spare"],
    ] {
        person.run(line)?;
    }
    Ok(())
}

fn ask(program: &Path, edge: &Edge, token: Option<&str>) -> anyhow::Result<()> {
    let dose = std::env::var("PATR_DOSE").ok().and_then(|dose| dose.parse::<u32>().ok()).unwrap_or(1);
    let mut command = Command::new(program);
    command
        .current_dir(root())
        .arg("--config-file")
        .arg(CONFIG)
        .args(["run", "models/openapi.json", "--url", &edge.url])
        .args(["--max-examples", &(EXAMPLES * dose).to_string()])
        // Ids are looked for by their shape, which few of what is made up have.
        .args(["--suppress-health-check", "filter_too_much"]);
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    sh::run(&mut command)
}

/// Installs it unless these versions are there already.
fn install() -> anyhow::Result<PathBuf> {
    let venv = target_dir().join("schemathesis/venv");
    let wanted =
        fs::read_to_string(root().join(REQUIREMENTS)).with_context(|| format!("reading {REQUIREMENTS}"))?;
    let stamp = venv.join("patr-requirements.txt");
    let program = venv.join("bin/schemathesis");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    eprintln!("installing schemathesis");
    sh::quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
        .context("making a virtual environment: on Debian it needs the package `python3-venv`")?;
    let mut pip = Command::new(venv.join("bin/pip"));
    sh::quietly(
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(root().join(REQUIREMENTS)),
    )?;
    fs::write(&stamp, wanted).context("writing the stamp of schemathesis")?;
    Ok(program)
}
