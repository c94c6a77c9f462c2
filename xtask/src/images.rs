//! Container images of our own static binaries: no registry is needed to have something to deploy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{root, sh, target_dir, tools};

/// The image of examples/web.
pub(crate) const WEB: &str = "patr-example-web:latest";

/// The image of the agent, of the version that the manifest of `patr runner add` names.
pub(crate) const RUNNER: &str = concat!("patr-runner:", env!("CARGO_PKG_VERSION"));

/// Whether a Docker Engine answers here.
pub(crate) fn docker_answers() -> bool {
    sh::quietly(Command::new("docker").arg("info")).is_ok()
}

/// Builds the image of the example; without a change it takes a second.
///
/// # Errors
/// The code does not compile, or Docker refused.
pub(crate) fn build() -> anyhow::Result<()> {
    let context = web()?;
    fs::copy(root().join("examples/web/Dockerfile"), context.join("Dockerfile"))?;
    sh::quietly(Command::new("docker").args(["build", "--quiet", "--tag", WEB]).arg(&context))
}

/// The folder with the example as one static program.
///
/// # Errors
/// The code does not compile.
pub(crate) fn web() -> anyhow::Result<PathBuf> {
    let target = host()?;
    sh::run(
        sh::cargo()
            .args(["build", "--quiet", "--release", "-p", "patr-example-web", "--target", &target])
            .env("RUSTFLAGS", "-C target-feature=+crt-static"),
    )?;
    let context = target_dir().join("images/web");
    fs::create_dir_all(&context)?;
    let binary = target_dir().join(&target).join("release/patr-example-web");
    // Not over one that may run from there.
    let part = context.join("patr-example-web.part");
    fs::copy(&binary, &part).with_context(|| format!("copying {}", binary.display()))?;
    fs::rename(&part, context.join("patr-example-web"))?;
    Ok(context)
}

/// Builds the image of the agent: one static program, which is also what a machine without containers runs.
///
/// # Errors
/// The code does not compile, or Docker refused.
pub(crate) fn runner() -> anyhow::Result<()> {
    let target = host()?.replace("-gnu", "-musl");
    tools::target(&target)?;
    // `ring` has C and assembler of its own, which needs no C library of the target: the machine's compiler will do.
    let compiler = format!("CC_{}", target.replace('-', "_"));
    sh::run(
        sh::cargo()
            .args(["build", "--quiet", "--release", "-p", "patr-runner", "--bins", "--target", &target])
            .env(compiler, "cc"),
    )?;
    let context = target_dir().join("images/runner");
    fs::create_dir_all(&context)?;
    let binary = target_dir().join(&target).join("release/patr-runner");
    fs::copy(&binary, context.join("patr-runner"))
        .with_context(|| format!("copying {}", binary.display()))?;
    fs::copy(root().join("runner-agent/Dockerfile"), context.join("Dockerfile"))?;
    sh::quietly(Command::new("docker").args(["build", "--quiet", "--tag", RUNNER]).arg(&context))?;
    println!("{RUNNER}, and the program itself: {}", binary.display());
    Ok(())
}

/// The same image for tests: the program as it was built for them, which wants the libraries that it was built with.
///
/// # Errors
/// Docker refused.
pub(crate) fn runner_for_tests(program: &Path, base: &str) -> anyhow::Result<()> {
    let context = target_dir().join("images/runner-for-tests");
    fs::create_dir_all(&context)?;
    // What a debugger wants is most of it.
    let stripped = context.join("patr-runner");
    sh::quietly(Command::new("strip").arg("--strip-debug").arg("-o").arg(&stripped).arg(program))?;
    let recipe = format!("FROM {base}\nCOPY patr-runner /patr-runner\nENTRYPOINT [\"/patr-runner\"]\n");
    fs::write(context.join("Dockerfile"), recipe)?;
    sh::quietly(Command::new("docker").args(["build", "--quiet", "--tag", RUNNER]).arg(&context))
}

/// The target triple of this machine.
fn host() -> anyhow::Result<String> {
    let said = sh::output(Command::new("rustc").arg("-vV"))?;
    said.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc names no host")
}
