//! `cargo xtask test`: builds everything that a story needs, then runs all tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::cluster::{self, Lent};
use crate::{debian, edge, images, root, scripts, sh, site, target_dir, tools};

/// Arguments after `--` go to nextest.
///
/// # Errors
/// Something does not build, a test failed, or there is no Docker Engine although this is CI.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let docker = docker()?;
    tools::NEXTEST.ensure()?;
    scripts::build(false, None)?;
    if docker {
        images::build()?;
    }
    // All members at once, as nextest builds them: the same features, so nothing is compiled twice.
    let programs = || sh::run(sh::cargo().args(["build", "--quiet", "--workspace", "--bins"]));
    let (debian, built) = sh::both(|| if docker { debian() } else { Ok(false) }, programs)?;
    built?;
    let debian = debian?;
    let tests = || sh::run(sh::cargo().args(["nextest", "run", "--workspace", "--no-run", "--cargo-quiet"]));
    let (lent, built) = sh::both(|| if debian { lend() } else { Ok(None) }, tests)?;
    built?;
    let lent = lent?;
    let mut nextest = nextest()?;
    if std::env::var_os("PATR_DOSE").is_some() {
        nextest.args(["--profile", "dose"]);
    } else if ci() {
        nextest.args(["--profile", "ci"]);
    }
    nextest.args(arguments);
    if docker {
        nextest.env("PATR_EXAMPLE_IMAGE", images::WEB);
    }
    if debian {
        nextest.env("PATR_DEBIAN_IMAGE", debian::DEBIAN);
    }
    if let Some(cluster) = &lent {
        cluster.introduce(&mut nextest);
        nextest
            .env("PATR_CLUSTER_EXAMPLE_IMAGE", cluster::name(images::WEB))
            .env("PATR_CLUSTER_RUNNER_IMAGE", cluster::name(images::RUNNER))
            .env("PATR_CLUSTER_DEBIAN_IMAGE", cluster::name(debian::DEBIAN));
    }
    sh::run(&mut nextest)
}

/// Runs a story that measures, and so is no test, without a container or a cluster.
///
/// # Errors
/// Something does not build, or the story failed.
pub(crate) fn measure(story: &str, (name, value): (&str, &Path)) -> anyhow::Result<()> {
    tools::NEXTEST.ensure()?;
    scripts::build(false, None)?;
    sh::run(sh::cargo().args(["build", "--quiet", "--workspace", "--bins"]))?;
    let mut nextest = nextest()?;
    nextest.args(["--run-ignored", "only", "--no-capture", "-E"]).arg(format!("test(={story})"));
    sh::run(nextest.env(name, value))
}

/// The runner of tests, and where they find what was built.
fn nextest() -> anyhow::Result<Command> {
    let mut nextest = sh::cargo();
    nextest
        .args(["nextest", "run", "--workspace"])
        .env("PATR_AXE", root().join("xtask/edge/node_modules/axe-core/axe.min.js"))
        .env("PATR_BIN", program("patr"))
        .env(edge::DASHBOARD, site::folder())
        .env("PATR_RUNNER_BIN", program("patr-runner"))
        .env("PATR_PROCESSES_BIN", program("patr-example-processes"))
        .env("PATR_PROGRAMS", images::web()?)
        .env("PATR_EDGE_CMD", format!("{} edge --no-build", program("xtask").display()));
    Ok(nextest)
}

/// A cluster with the images that the stories deploy in it, where the stories on Kubernetes can run.
fn lend() -> anyhow::Result<Option<Lent>> {
    // A proxy of modules that does not answer once says nothing.
    let brought_up = cluster::require().and_then(|()| bring_up().or_else(|_| bring_up()));
    let problem = match brought_up {
        Ok(cluster) => return Ok(Some(cluster)),
        Err(problem) if ci() => return Err(problem.context("CI does not skip the stories on Kubernetes")),
        Err(problem) => problem,
    };
    eprintln!("\n*** THE STORIES ON KUBERNETES ARE SKIPPED: {problem:#} ***\n");
    Ok(None)
}

fn bring_up() -> anyhow::Result<Lent> {
    images::runner_for_tests(&program("patr-runner"), debian::DEBIAN)?;
    Lent::with(&[images::WEB, images::RUNNER, debian::DEBIAN])
}

/// Whether the stories on Docker can run.
fn docker() -> anyhow::Result<bool> {
    let answers = images::docker_answers();
    if !answers && ci() {
        bail!("no Docker Engine answers: CI does not skip the stories that need one");
    }
    if !answers {
        eprintln!("\n*** NO DOCKER ENGINE ANSWERS: the stories that deploy containers are skipped ***\n");
    }
    Ok(answers)
}

/// Whether the stories with software from Debian can run.
fn debian() -> anyhow::Result<bool> {
    let missing = !debian::can_be_built();
    if missing && ci() {
        bail!("`debootstrap` is not on the PATH: CI does not skip the stories that need it");
    }
    let problem = if missing {
        "there is no `debootstrap`".to_owned()
    } else {
        // A mirror that does not answer says nothing about what is tested.
        match debian::build() {
            Ok(()) => return Ok(true),
            Err(error) => format!("{error:#}"),
        }
    };
    eprintln!("\n*** THE STORIES WITH SOFTWARE FROM DEBIAN ARE SKIPPED: {problem} ***\n");
    Ok(false)
}

fn ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// A program of the workspace as `cargo build` leaves it.
pub(crate) fn program(name: &str) -> PathBuf {
    target_dir().join("debug").join(name)
}
