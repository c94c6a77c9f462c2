//! Automation of this repository: `cargo xtask help`.
//!
//! | file | does |
//! |---|---|
//! | `tools` | installs the pinned build tools, from crates.io and npm |
//! | `scripts` | builds the two Worker scripts |
//! | `site` | builds the dashboard |
//! | `wrangler` | reads the two wrangler.toml into what Miniflare wants |
//! | `edge` | runs the local edge |
//! | `dev` | runs a whole installation: an edge, a `person` with an account, an `agent` |
//! | `bench` | measures it |
//! | `cluster` | runs a Kubernetes of one node |
//! | `assets` | runs Cloudflare's asset server beside it |
//! | `images`, `debian` | make container images, of our own binaries and of Debian packages |
//! | `schemathesis` | sends the API what its document allows, and what it does not |
//! | `test`, `ci`, `tidy` | what CI runs |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod agent;
mod assets;
mod bench;
mod ci;
mod cluster;
mod debian;
mod dev;
mod edge;
mod images;
mod openapi;
mod person;
mod schemathesis;
mod scripts;
mod sh;
mod site;
mod test;
mod tidy;
mod tools;
mod wrangler;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    /// Run a whole installation here: local edge, account, runner, and the examples deployed
    Dev(dev::Options),
    /// Run the local edge: both Worker scripts on workerd, state in one folder
    Edge(edge::Options),
    /// Build everything that the tests need, and run them
    Test {
        /// Given to nextest
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run Cloudflare's asset server over a folder
    Assets(assets::Options),
    /// Measure the edge beside what workerd can do on this machine
    Bench(bench::Options),
    /// Run a Kubernetes of one node here, for tests and people
    Cluster(cluster::Options),
    /// Everything that is checked without running a test
    Ci,
    /// Send the API of a local edge requests of every shape, and hold its answers to the OpenAPI document
    Schemathesis,
    /// Check the rules of this repository that no lint knows
    Tidy,
    /// Build the container images of the examples
    Images,
    /// Build the container image of the agent, `patr-runner`, and with it a static program
    Image,
    /// Build the Worker scripts and the dashboard
    Scripts {
        /// Run wasm-opt too, as every deploy does; slow
        #[arg(long)]
        optimize: bool,
        /// Only this one: worker or durable-objects
        folder: Option<String>,
    },
    /// Write models/openapi.json from the declared endpoints
    Openapi {
        /// Only say whether it is up to date
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Dev(options) => dev::run(&options),
        Command::Edge(options) => edge::run(&options),
        Command::Test { arguments } => test::run(&arguments),
        Command::Assets(options) => assets::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Cluster(options) => cluster::run(&options),
        Command::Ci => ci::run(),
        Command::Schemathesis => schemathesis::run(),
        Command::Tidy => tidy::run(),
        Command::Images => images::build(),
        Command::Image => images::runner(),
        Command::Scripts { optimize, folder } => scripts::build(optimize, folder.as_deref()),
        Command::Openapi { check } => openapi::run(check),
    }
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Where cargo puts what it builds.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
