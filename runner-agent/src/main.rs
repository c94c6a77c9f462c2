//! `patr-runner`: the agent on Docker and on Kubernetes.

use std::process::ExitCode;

use clap::Parser;
use patr_runner::Args;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    patr_runner::program(Args::parse().run()).await
}
