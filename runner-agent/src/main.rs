//! `patr-runner`: the agent of a machine.
//!
//! | task | reads | writes |
//! |---|---|---|
//! | [`link`] | socket, reports | desired snapshots |
//! | [`reconcile`] | desired snapshots, the runtime | reports, backends |
//! | [`tunnel`], one per lane | socket, backends | sockets of replicas |
//!
//! They share two watch channels and the table of [`backends`]. Losing the link stops none of the others.

mod backends;
mod config;
mod link;
mod proxy;
mod reconcile;
mod runtime;
mod store;
mod tunnel;

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use tokio::sync::watch;
use tracing::{error, info};

use crate::{
    backends::Backends,
    config::Args,
    link::{Session, connect::Stopped},
    runtime::docker::Docker,
    store::Store,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PATR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Args::parse()).await {
        Ok(stopped) => {
            info!("{stopped}");
            ExitCode::from(stopped.exit_code())
        }
        Err(problem) => {
            error!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<Stopped> {
    let config = args.config()?;
    let store = Arc::new(Store::open(&config.state_dir)?);
    let known = store.load()?;
    let docker = Docker::connect(config.publish_ports, &config.state_dir).await?;
    info!("{}", docker.describe());
    let backends = Backends::default();
    let (desired, desired_rx) = watch::channel(known.map(Arc::new));
    let (report, report_rx) = watch::channel(None);
    let (lanes, lanes_rx) = watch::channel(0);
    tokio::spawn(reconcile::run(docker.clone(), desired_rx.clone(), report, backends.clone()));
    let target = proxy::Target::new(backends, docker.clone(), desired_rx);
    tokio::spawn(tunnel::run(config.clone(), lanes_rx, target));
    let session = Session { config, store, host: docker.describe(), desired, report: report_rx, lanes };
    tokio::select! {
        stopped = link::run(session) => Ok(stopped),
        () = asked_to_stop() => Ok(Stopped::Asked),
    }
}

/// SIGTERM or Ctrl-C. Workloads run on.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
