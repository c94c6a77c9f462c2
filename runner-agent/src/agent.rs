//! The life of an agent.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time,
};
use tracing::{error, info, warn};

use crate::{
    backends::Backends,
    config::{Args, Config, Place},
    handover::Handover,
    link::{self, Session, connect::Stopped},
    meter, proxy, reconcile,
    runtime::{
        Runtime,
        docker::Docker,
        kubernetes::{self, Kubernetes, Lease},
    },
    store::{Failures, InUse, Store},
    tunnel,
    vault::Vault,
};

/// How long another agent has to let go of the state directory.
const FREE_WITHIN: Duration = Duration::from_secs(5);

/// How long another agent of the same runner, if there is one, has to connect once this one is to end.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);

/// How long streams have to end once the agent is to.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// Runs an agent as a program does: it says what it does on stderr, as much as `PATR_LOG` wants, and ends with the exit code
/// that `patr-runner --help` lists.
pub async fn program(agent: impl Future<Output = anyhow::Result<Stopped>>) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PATR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match agent.await {
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

/// Connects a runtime to the installation, and runs there what it is told, until it is asked to stop or must. `about` is
/// what people are told of the runtime, as `Docker 28.2.2 on Linux`.
///
/// # Errors
/// The state directory is another agent's, or cannot be read.
pub async fn serve<R: Runtime>(config: Config, runtime: R, about: String) -> anyhow::Result<Stopped> {
    let store = Arc::new(store(&config.state_dir).await?);
    work(config, store, (runtime, about), None).await
}

impl Args {
    /// Runs the agent that these arguments ask for, until it is asked to stop or must.
    ///
    /// # Errors
    /// An argument is wrong, the runtime cannot be reached, or the state directory is another agent's.
    pub async fn run(self) -> anyhow::Result<Stopped> {
        let (config, place) = self.config()?;
        match place {
            Place::Docker { publish_ports } => {
                let store = Arc::new(store(&config.state_dir).await?);
                let docker = Docker::connect(publish_ports, &config.state_dir).await?;
                let about = docker.describe();
                work(config, store, (docker, about), None).await
            }
            Place::Kubernetes(options) => in_cluster(config, options).await,
        }
    }
}

async fn in_cluster(config: Config, options: kubernetes::Options) -> anyhow::Result<Stopped> {
    let beginning = async {
        let (cluster, common) = Kubernetes::connect(options, &config.state_dir).await?;
        cluster.begin(common.as_ref()).await?;
        anyhow::Ok((cluster, common))
    };
    let (cluster, common) = tokio::select! {
        begun = beginning => begun?,
        () = asked_to_stop() => return Ok(Stopped::Asked),
    };
    let store = Arc::new(store(&config.state_dir).await?);
    let lease = common.map(|kubernetes::Common { lease, saved }| {
        tokio::spawn(saved.keep(store.changes()));
        lease
    });
    let about = cluster.describe();
    work(config, store, (cluster, about), lease).await
}

async fn work<R: Runtime>(
    config: Config,
    store: Arc<Store>,
    (runtime, host): (R, String),
    lease: Option<Lease>,
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
    let stopped = {
        let mut linked = std::pin::pin!(link::run(session));
        let stopped = tokio::select! {
            stopped = &mut linked => stopped,
            () = asked_to_stop() => Stopped::Asked,
            () = lost(lease.as_ref()) => Stopped::Replaced,
        };
        // What runs here is left to whoever comes next.
        reconciling.abort();
        if stopped == Stopped::Asked {
            hand_over(lease.as_ref(), linked).await;
        }
        stopped
    };
    if time::timeout(ENDS_WITHIN, handover.close()).await.is_err() {
        warn!("some requests did not end within {} s", ENDS_WITHIN.as_secs());
    }
    Ok(stopped)
}

/// When another agent works for this runner from then on.
async fn lost(lease: Option<&Lease>) {
    match lease {
        Some(lease) => lease.lost().await,
        None => std::future::pending().await,
    }
}

/// Lets another agent of the same runner begin. What comes until it has connected is answered by this one, whose session the
/// edge ends then.
async fn hand_over(lease: Option<&Lease>, session: impl Future) {
    if let Some(lease) = lease {
        lease.release().await;
        let _ = time::timeout(TAKEN_OVER_WITHIN, session).await;
    }
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
