//! Automation of this repository: `cargo xtask help`.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod openapi;

use clap::{Parser, Subcommand};

/// Everything that is done to this repository, on a machine and in CI alike
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write models/openapi.json from the declared endpoints
    Openapi {
        /// Only say whether it is up to date
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().command {
        Command::Openapi { check } => openapi::run(check),
    }
}

/// The root of the repository.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
