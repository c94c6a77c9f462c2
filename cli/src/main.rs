//! `patr`: deploys containers and static sites from the command line.
//!
//! - [`args`]: what can be typed. [`commands`]: one function per command, from arguments and [`context`] to an
//!   exit status.
//! - [`client`]: typed calls of the API, as `patr-models` declares it.
//! - [`printer`]: the only place that writes. [`exit_code`]: what the exit status means.
//! - [`upload`]: from a folder to packs and a manifest. [`rollout`]: watching a deployment go live.
//! - [`status`], [`text`], [`sparkline`]: words and drawings for people. [`terminal`]: for commands elsewhere that want
//!   one.

mod args;
mod base_url;
mod client;
mod commands;
mod context;
mod credentials;
mod env_vars;
mod exit_code;
mod failure;
mod printer;
mod rollout;
mod settings;
mod sparkline;
mod status;
mod terminal;
mod text;
mod upload;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
    printer::Printer,
};

fn main() -> ExitCode {
    report_bugs();
    let cli = args::Cli::parse();
    let printer = Printer::new(cli.global.output, cli.global.quiet);
    let exit = match run(cli, &printer) {
        Ok(exit) => exit,
        Err(Stop::OutputClosed) => Exit::Ok,
        Err(Stop::Failed(failure)) => {
            printer.failure(&failure);
            failure.exit
        }
    };
    exit.into()
}

fn run(cli: args::Cli, printer: &Printer) -> Outcome {
    // One thread: a command waits for the network or reads files, and the latter has threads of its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    runtime.block_on(commands::run(cli, printer.clone()))
}

/// A panic is a bug of ours: say so, and end with a status that scripts can tell from a failure.
fn report_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        terminal::restore();
        let printer = Printer::new(printer::Format::Table, false);
        let failure = Failure::new(Exit::Bug, format!("this is a bug in patr: {panic}")).hint(format!(
            "please report it, with the command and the version ({})",
            env!("CARGO_PKG_VERSION")
        ));
        printer.failure(&failure);
        std::process::exit(Exit::Bug.number().into());
    }));
}
