//! `patr-runner`: the agent on Docker and on Kubernetes.

use std::process::ExitCode;

use clap::Parser;
use patr_runner::{Args, inside};

fn main() -> ExitCode {
    // Not an agent: see the module.
    if std::env::args_os().nth(1).is_some_and(|word| word == "volume") {
        return inside::Args::parse_from(std::env::args_os().skip(1)).run();
    }
    agent()
}

#[tokio::main(flavor = "current_thread")]
async fn agent() -> ExitCode {
    patr_runner::program(Args::parse().run()).await
}
