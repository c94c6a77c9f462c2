//! Carrying out one step.

use std::{net::IpAddr, sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use http_body_util::Empty;
use patr_models::{
    deployment::{Digest, Failure, FailureKind, ReleaseNumber, spec::Probe},
    ids::DeploymentId,
    wire::DesiredDeployment,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tracing::info;

use super::plan::Step;
use crate::{
    backends::Backends,
    runtime::{NewReplica, ReplicaState, Runtime, docker::failure},
};

/// How long a replica has for what it is answering when it is taken out.
const DRAIN: Duration = Duration::from_secs(30);
/// How long one try of a probe may take.
const PROBE: Duration = Duration::from_secs(2);
/// How long a replica without ports must have run.
const SETTLE: Duration = Duration::from_secs(1);

/// How a step ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Pulled(ReleaseNumber, Digest),
    Serves,
    Done,
    Failed(Failure),
}

/// What a step works with.
pub(super) struct Context<R> {
    pub(super) runtime: R,
    pub(super) backends: Backends,
    pub(super) runner: String,
}

impl<R: Runtime> Context<R> {
    pub(super) async fn perform(
        self,
        desired: DesiredDeployment,
        step: Step,
        known: Option<Digest>,
    ) -> Outcome {
        let id = desired.id;
        let outcome = match step {
            Step::Pull => {
                info!("{}: pulling {}", desired.name, desired.spec.image);
                let pulled = self.runtime.pull(&desired.spec, known.as_ref()).await;
                pulled.map(|digest| Outcome::Pulled(desired.release, digest))
            }
            Step::Start { digest, hash } => {
                let new = NewReplica { desired, digest, hash };
                self.runtime.start(&new, &self.runner).await.map(|_| Outcome::Done)
            }
            Step::Probe { replica } => self.probe(&desired, &replica).await.map(|()| Outcome::Serves),
            Step::Retire { replica } => self.retire(id, &replica, desired.spec.stop_grace_s).await,
            Step::Bury { replica } => self.runtime.remove(&replica, 0).await.map(|()| Outcome::Done),
            Step::Rest => Ok(Outcome::Done),
        };
        outcome.unwrap_or_else(Outcome::Failed)
    }

    /// Takes a replica of a deleted deployment away.
    pub(super) async fn retire_replica(self, id: DeploymentId, replica: String) -> Outcome {
        self.retire(id, &replica, None).await.unwrap_or_else(Outcome::Failed)
    }

    /// Out of the proxy first; then it may finish what it answers; then it is stopped.
    async fn retire(
        &self,
        id: DeploymentId,
        replica: &str,
        grace_s: Option<u32>,
    ) -> Result<Outcome, Failure> {
        if let Some(in_flight) = self.backends.remove(id, replica) {
            let deadline = Instant::now() + DRAIN;
            while in_flight.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
                sleep(Duration::from_millis(25)).await;
            }
        }
        self.runtime.remove(replica, grace_s.unwrap_or(10)).await?;
        Ok(Outcome::Done)
    }

    /// Waits until a replica answers its probe, and then lets it serve.
    async fn probe(&self, desired: &DesiredDeployment, replica: &str) -> Result<(), Failure> {
        let spec = &desired.spec;
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(spec.start_deadline_s.unwrap_or(60).into());
        let probe = spec.effective_probe();
        let mut pause = Duration::from_millis(20);
        loop {
            let state = match self.runtime.check(replica).await {
                Ok(state) => state,
                Err(failure) => return Err(self.with_logs(failure, replica).await),
            };
            let last = match (state, &probe) {
                (ReplicaState::Running { address: Some(address) }, Some(probe)) => ask(address, probe).await,
                (ReplicaState::Running { .. }, None) if begun.elapsed() >= SETTLE => Ok(()),
                (ReplicaState::Running { .. }, _) => {
                    Err((FailureKind::ProbeFailed, "it has just started".to_owned()))
                }
                _ => Err((FailureKind::Exited, "it keeps ending and is started again".to_owned())),
            };
            match (last, state) {
                (Ok(()), ReplicaState::Running { address }) => {
                    self.runtime.keep(replica).await?;
                    if let Some(address) = address {
                        self.backends.add(desired.id, replica, address);
                    }
                    return Ok(());
                }
                (Err((kind, why)), _) if Instant::now() >= deadline => {
                    let seconds = spec.start_deadline_s.unwrap_or(60);
                    let message = format!("it was not ready within {seconds} s: {why}");
                    return Err(self.with_logs(failure(kind, message), replica).await);
                }
                _ => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    async fn with_logs(&self, mut failure: Failure, replica: &str) -> Failure {
        failure.logs = self.runtime.last_lines(replica).await;
        failure
    }
}

/// One try of a probe.
async fn ask(address: IpAddr, probe: &Probe) -> Result<(), (FailureKind, String)> {
    let closed =
        |why: String| (FailureKind::PortClosed, format!("nothing listens on port {} ({why})", probe.port));
    let connecting = timeout(PROBE, TcpStream::connect((address, probe.port))).await;
    let stream =
        connecting.map_err(|_| closed("no answer".to_owned()))?.map_err(|error| closed(error.to_string()))?;
    let Some(path) = &probe.path else { return Ok(()) };
    let bad = |why: String| (FailureKind::ProbeFailed, format!("GET {path} on port {} {why}", probe.port));
    let asking = async {
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        tokio::spawn(connection);
        let request = http::Request::get(path.as_str())
            .header("host", format!("{address}:{}", probe.port))
            .header("user-agent", "patr-probe");
        let request = request.body(Empty::<Bytes>::new()).unwrap_or_default();
        sender.send_request(request).await.map(|response| response.status())
    };
    match timeout(PROBE, asking).await {
        Ok(Ok(status)) if status.is_success() || status.is_redirection() => Ok(()),
        Ok(Ok(status)) => Err(bad(format!("answered {status}"))),
        Ok(Err(error)) => Err(bad(format!("failed: {error}"))),
        Err(_) => Err(bad("was not answered in time".to_owned())),
    }
}
