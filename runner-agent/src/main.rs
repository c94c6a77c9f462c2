//! `patr-runner`: the agent of a machine, or of a namespace of a cluster.
//!
//! | task | reads | writes |
//! |---|---|---|
//! | [`link`] | socket, reports, samples | desired snapshots |
//! | [`reconcile`] | desired snapshots, the runtime, samples | reports, backends, what runs |
//! | [`meter`] | what runs, the runtime | samples |
//! | [`tunnel`], one per lane | socket, backends | sockets of replicas |
//!
//! They share channels, the table of [`backends`], the [`access_log`] and the [`vault`]. Losing the link stops none of the others.

mod access_log;
mod backends;
mod config;
mod handover;
mod link;
mod meter;
mod proxy;
mod reconcile;
mod redact;
mod runtime;
mod store;
mod tunnel;
mod vault;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use tokio::{
    sync::{mpsc, watch},
    time,
};
use tracing::{error, info, warn};

use crate::{
    backends::Backends,
    config::{Args, Config, Place},
    handover::Handover,
    link::{Session, connect::Stopped},
    runtime::{Runtime, docker::Docker, kubernetes::Kubernetes},
    store::{Failures, InUse, Store},
    vault::Vault,
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

/// How long another agent has to let go of the state directory.
const FREE_WITHIN: Duration = Duration::from_secs(5);

/// How long streams have to end once the agent is to.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

async fn run(args: Args) -> anyhow::Result<Stopped> {
    let (config, place) = args.config()?;
    let store = Arc::new(store(&config.state_dir).await?);
    match place {
        Place::Docker { publish_ports } => {
            let docker = Docker::connect(publish_ports, &config.state_dir).await?;
            let about = docker.describe();
            serve(config, store, docker, about).await
        }
        Place::Kubernetes(options) => {
            let cluster = Kubernetes::connect(options, &config.state_dir).await?;
            let about = cluster.describe();
            serve(config, store, cluster, about).await
        }
    }
}

async fn serve<R: Runtime>(
    config: Config,
    store: Arc<Store>,
    runtime: R,
    host: String,
) -> anyhow::Result<Stopped> {
    let known = store.load()?;
    let vault = Vault::new(store.key()?);
    info!("{host}");
    let backends = Backends::default();
    let handover = Handover::default();
    let (desired, desired_rx) = watch::channel(known.map(Arc::new));
    let (report, report_rx) = watch::channel(None);
    let (running, running_rx) = watch::channel(Vec::new());
    let (failures, failures_rx) = watch::channel(store.failures());
    tokio::spawn(keep_failures(Arc::clone(&store), failures_rx));
    let (lanes, lanes_rx) = watch::channel(0);
    let (to_reconciler, samples) = mpsc::channel(1);
    let (to_edge, samples_for_edge) = mpsc::channel(1);
    let reconciling = tokio::spawn(reconcile::run(reconcile::Ports {
        runtime: runtime.clone(),
        desired: desired_rx.clone(),
        report,
        backends: backends.clone(),
        vault: vault.clone(),
        running,
        samples,
        failures,
    }));
    let readers = meter::Readers { reconciler: to_reconciler, edge: to_edge };
    tokio::spawn(meter::run(runtime.clone(), running_rx, readers));
    let key = vault.public();
    let target = proxy::Target::new((backends, runtime), desired_rx, vault, handover.clone());
    tokio::spawn(tunnel::run(config.clone(), lanes_rx, target));
    let session =
        Session { config, store, host, key, desired, report: report_rx, samples: samples_for_edge, lanes };
    // The session ends first, and what runs here is left to whoever comes next.
    let stopped = tokio::select! {
        stopped = link::run(session) => stopped,
        () = asked_to_stop() => Stopped::Asked,
    };
    reconciling.abort();
    if time::timeout(ENDS_WITHIN, handover.close()).await.is_err() {
        warn!("some requests did not end within {} s", ENDS_WITHIN.as_secs());
    }
    Ok(stopped)
}

/// The state directory, once an agent that was told to end has let go of it: an upgrade may start the new one first.
async fn store(directory: &Path) -> anyhow::Result<Store> {
    let given_up = time::Instant::now() + FREE_WITHIN;
    loop {
        match Store::open(directory) {
            Err(error) if error.is::<InUse>() && time::Instant::now() < given_up => {
                time::sleep(Duration::from_millis(100)).await;
            }
            opened => return opened,
        }
    }
}

/// Keeps on disk what has failed. A disk that is full costs no more than another try after the next start.
async fn keep_failures(store: Arc<Store>, mut failures: watch::Receiver<Failures>) {
    while failures.changed().await.is_ok() {
        let (store, failed) = (Arc::clone(&store), failures.borrow_and_update().clone());
        let kept = tokio::task::spawn_blocking(move || store.save_failures(&failed)).await;
        if let Ok(Err(error)) = kept {
            warn!("what has failed could not be kept on disk: {error:#}");
        }
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
