//! Running programs: a failure names the command line.

use std::fs::File;
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail};

/// Runs to the end with our own stdout and stderr.
///
/// # Errors
/// The program is missing, or ended with a failure.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}

/// Runs to the end and gives back stdout; stderr is in the error.
///
/// # Errors
/// The program is missing, or ended with a failure.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    output_of(command, Stdio::null())
}

fn output_of(command: &mut Command, input: Stdio) -> anyhow::Result<String> {
    let output = command.stdin(input).output().with_context(|| format!("cannot run {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{command:?} failed: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(text)
}

/// Runs quietly; what it said is shown only when it failed.
///
/// # Errors
/// The program is missing, or ended with a failure.
pub(crate) fn quietly(command: &mut Command) -> anyhow::Result<()> {
    output(command).map(drop)
}

/// The same with a file on its standard input, which is empty else.
///
/// # Errors
/// The program is missing, or ended with a failure.
pub(crate) fn quietly_with(input: File, command: &mut Command) -> anyhow::Result<()> {
    output_of(command, input.into()).map(drop)
}

/// Does two things at once; what either comes to is its caller's to look at.
///
/// # Errors
/// The first one panicked.
pub(crate) fn both<A: Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> anyhow::Result<(A, B)> {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().map_err(|_| anyhow!("a panic, whose message is above"))?;
        Ok((one, other))
    })
}

/// Cargo, the one that runs us.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::root());
    cargo
}
