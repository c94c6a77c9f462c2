//! Carrying out one step.

use std::{sync::atomic::Ordering, time::Duration};

use patr_models::{
    deployment::{Digest, Failure, FailureKind, ReleaseNumber, spec::Probe},
    ids::DeploymentId,
    secret::Secrets,
    wire::DesiredDeployment,
};
use tokio::time::{Instant, sleep, timeout};
use tracing::info;

use super::plan::Step;
use crate::{
    backends::Backends,
    runtime::{Address, Checked, Fault, NewReplica, ReplicaState, Runtime, failure},
};

/// How long a replica has for what it is answering when it is taken out.
const DRAIN: Duration = Duration::from_secs(30);
/// How long a replica without ports must have run.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a replica may take to start when the specification does not say.
const START_S: u32 = 60;

/// What a step that worked has found.
#[derive(Debug)]
pub(super) enum Done {
    Pulled(ReleaseNumber, Digest),
    Serves {
        restarts: u32,
    },
    /// A container that had ended is gone, and this is why it had.
    Buried(Option<Failure>),
    Nothing,
}

/// How a step ended.
pub(super) type Outcome = Result<Done, Fault>;

/// What a step works with.
pub(super) struct Context<R> {
    pub(super) runtime: R,
    pub(super) backends: Backends,
    pub(super) runner: String,
}

/// A try of a probe.
enum Tried {
    Ready(Address, u32),
    NotYet(Failure),
}

impl<R: Runtime> Context<R> {
    /// Carries out a step of a deployment that is desired. It ends, whatever the runtime does.
    pub(super) async fn perform(self, desired: DesiredDeployment, step: Step) -> Outcome {
        let (what, deadline) = deadline(&step, &desired);
        let working = async {
            match step {
                Step::Pull => self.pull(&desired).await,
                Step::Start { digest, hash } => {
                    let new = NewReplica { desired, digest, hash, secrets: Secrets::default() };
                    self.runtime.start(&new, &self.runner).await.map(|()| Done::Nothing)
                }
                Step::Probe { replica } => self.probe(&desired, &replica).await,
                Step::Readmit { replica, probe } => self.readmit(desired.id, &replica, probe).await,
                Step::Retire { replica } => self.retire(desired.id, &replica).await,
                Step::Bury { replica } => self.bury(&replica).await,
            }
        };
        timeout(deadline, working).await.unwrap_or_else(|_| {
            let message = format!("{what} took more than {} s", deadline.as_secs());
            Err(failure(FailureKind::Runtime, message).into())
        })
    }

    async fn pull(&self, desired: &DesiredDeployment) -> Outcome {
        info!("{}: pulling {}", desired.name, desired.spec.image);
        let digest = self.runtime.pull(&desired.spec, desired.digest.as_ref()).await?;
        Ok(Done::Pulled(desired.release, digest))
    }

    /// Out of the proxy first; then it may finish what it answers; then it is stopped.
    pub(super) async fn retire(&self, id: DeploymentId, replica: &str) -> Outcome {
        if let Some(in_flight) = self.backends.remove(id, replica) {
            let deadline = Instant::now() + DRAIN;
            while in_flight.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
                sleep(Duration::from_millis(25)).await;
            }
        }
        self.runtime.remove(replica).await.map(|()| Done::Nothing)
    }

    /// Nobody can ask a container afterwards why it has ended.
    async fn bury(&self, replica: &str) -> Outcome {
        let why = match self.runtime.check(replica).await {
            Err(Fault::Failed(failure)) => Some(self.with_logs(failure, replica).await),
            other => other.map(|_| None)?,
        };
        self.runtime.remove(replica).await.map(|()| Done::Buried(why))
    }

    /// Waits until a replica answers its probe, and then lets it serve.
    async fn probe(&self, desired: &DesiredDeployment, replica: &str) -> Outcome {
        let probe = desired.spec.effective_probe();
        let seconds = desired.spec.start_deadline_s.unwrap_or(START_S);
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(seconds.into());
        let mut pause = Duration::from_millis(20);
        loop {
            let tried = match self.try_once(replica, probe.as_ref()).await {
                Err(Fault::Failed(failure)) => return Err(self.with_logs(failure, replica).await.into()),
                other => other?,
            };
            match tried {
                Tried::Ready(address, restarts) if probe.is_some() || begun.elapsed() >= SETTLE => {
                    self.runtime.keep(replica).await?;
                    self.backends.add(desired.id, replica, address);
                    return Ok(Done::Serves { restarts });
                }
                Tried::NotYet(why) if Instant::now() >= deadline => {
                    let message = format!("it was not ready within {seconds} s: {}", why.message);
                    return Err(self.with_logs(failure(why.kind, message), replica).await.into());
                }
                Tried::Ready(..) | Tried::NotYet(_) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// Lets a replica serve again, if it answers now.
    async fn readmit(&self, id: DeploymentId, replica: &str, probe: Option<Probe>) -> Outcome {
        match self.try_once(replica, probe.as_ref()).await? {
            Tried::Ready(address, restarts) => {
                self.backends.add(id, replica, address);
                Ok(Done::Serves { restarts })
            }
            Tried::NotYet(why) => Err(self.with_logs(why, replica).await.into()),
        }
    }

    async fn try_once(&self, replica: &str, probe: Option<&Probe>) -> Result<Tried, Fault> {
        let Checked { state, ended, restarts } = self.runtime.check(replica).await?;
        let ReplicaState::Running(address) = state else {
            let unknown = || failure(FailureKind::Exited, "it does not run");
            return Ok(Tried::NotYet(ended.unwrap_or_else(unknown)));
        };
        let asked = match probe {
            Some(probe) => self.runtime.ask(&address, probe).await,
            None => Ok(()),
        };
        Ok(asked.map_or_else(Tried::NotYet, |()| Tried::Ready(address, restarts)))
    }

    async fn with_logs(&self, mut failure: Failure, replica: &str) -> Failure {
        failure.logs = self.runtime.last_lines(replica).await;
        failure
    }
}

/// How long a step may take, whatever hangs. Within it, each step has better reasons to give up.
fn deadline(step: &Step, desired: &DesiredDeployment) -> (&'static str, Duration) {
    let spec = &desired.spec;
    // A replica of an older release may have been given more time to stop than this one.
    const STOP_MAX: u64 = 3600;
    let (what, seconds) = match step {
        Step::Pull => ("pulling the image", 30 * 60),
        Step::Start { .. } => ("starting a container", 2 * 60),
        Step::Probe { .. } => ("the probe", u64::from(spec.start_deadline_s.unwrap_or(START_S)) + 60),
        Step::Readmit { .. } => ("the probe", 60),
        Step::Retire { .. } => ("stopping a container", STOP_MAX + 2 * 60),
        Step::Bury { .. } => ("removing a container", 2 * 60),
    };
    (what, Duration::from_secs(seconds))
}
