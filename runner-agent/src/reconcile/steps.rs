//! Carrying out one step.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use patr_models::{
    deployment::{Digest, Failure, FailureKind, ReleaseNumber, spec::Probe},
    ids::{DeploymentId, VolumeId},
    wire::DesiredDeployment,
};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::info;

use super::{plan::Step, watch::question};
use crate::{
    backends::Backends,
    redact::Redactor,
    runtime::{Address, Checked, Fault, NewReplica, ReplicaState, Runtime, failure},
    vault::Vault,
};

/// How long a replica has for what it is answering when it is taken out and its specification does not say.
pub(super) const DRAIN: Duration = Duration::from_secs(30);
/// How long WebSockets have to end once they are told to.
const CUT: Duration = Duration::from_secs(2);
/// How long a replica without ports must have run.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a replica may take to start when the specification does not say.
const START_S: u32 = 60;

/// What a step that worked has found.
#[derive(Debug)]
pub(super) enum Done {
    Pulled(ReleaseNumber, Digest),
    /// These replicas serve, and were started again so often.
    Serve(Vec<(String, u32)>),
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
    pub(super) vault: Vault,
    pub(super) runner: String,
    /// Volumes that were there and are lost.
    pub(super) missing: Arc<HashSet<VolumeId>>,
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
                Step::Start { digest, hash } => self.start(&desired, digest, hash).await,
                Step::Probe { replicas } => self.probe(&desired, &replicas).await,
                Step::Readmit { replica, probe } => self.readmit(desired.id, &replica, probe).await,
                Step::Shelve { replica } => self.shelve(&desired, &replica).await,
                Step::Revive { replica, probe } => self.revive(&desired, &replica, probe).await,
                Step::Retire { replica } => self.retire(desired.id, &replica, drain(&desired)).await,
                Step::Bury { replica } => self.bury(desired.id, &replica).await,
            }
        };
        let outcome = timeout(deadline, working).await.unwrap_or_else(|_| {
            let message = format!("{what} took more than {} s", deadline.as_secs());
            Err(failure(FailureKind::Runtime, message).into())
        });
        outcome.map_err(|fault| self.redacted(desired.id, fault))
    }

    /// Finds out all that keeps a replica from starting before anything that serves is touched.
    async fn pull(&self, desired: &DesiredDeployment) -> Outcome {
        self.vault.open(desired)?;
        self.has_volumes(desired)?;
        info!("{}: pulling {}", desired.name, desired.spec.image);
        let digest = self.runtime.pull(&desired.spec, desired.digest.as_ref()).await?;
        Ok(Done::Pulled(desired.release, digest))
    }

    async fn start(&self, desired: &DesiredDeployment, digest: Digest, hash: String) -> Outcome {
        let secrets = self.vault.open(desired)?;
        self.has_volumes(desired)?;
        let new = NewReplica { desired: desired.clone(), digest, hash, secrets };
        self.runtime.start(&new, &self.runner).await.map(|()| Done::Nothing)
    }

    /// An empty volume in the place of one that was lost would look like success.
    fn has_volumes(&self, desired: &DesiredDeployment) -> Result<(), Failure> {
        let lost = |id: &VolumeId| self.missing.contains(id);
        match desired.spec.volumes.values().find(|mount| mount.id.as_ref().is_some_and(lost)) {
            Some(mount) => Err(failure(
                FailureKind::VolumeMissing,
                format!("its volume `{}` was on this runner and is not any more", mount.volume),
            )),
            None => Ok(()),
        }
    }

    /// Out of the proxy first; then it may finish what it answers; then it is stopped.
    pub(super) async fn retire(&self, id: DeploymentId, replica: &str, drain: Duration) -> Outcome {
        self.drain(id, replica, drain).await;
        self.runtime.remove(replica).await.map(|()| Done::Nothing)
    }

    /// As [`Self::retire`], but it is kept.
    async fn shelve(&self, desired: &DesiredDeployment, replica: &str) -> Outcome {
        self.drain(desired.id, replica, drain(desired)).await;
        self.runtime.stop(replica).await.map(|()| Done::Nothing)
    }

    async fn drain(&self, id: DeploymentId, replica: &str, drain: Duration) {
        let Some(load) = self.backends.remove(id, replica) else { return };
        let deadline = Instant::now() + drain;
        if timeout_at(deadline, load.ended()).await.is_err() {
            // WebSockets never end by themselves. The other requests have had their time.
            load.cut();
            let _ = timeout_at(deadline + CUT, load.ended()).await;
        }
    }

    /// Nobody can ask a container afterwards why it has ended.
    async fn bury(&self, id: DeploymentId, replica: &str) -> Outcome {
        let why = match self.runtime.check(replica).await {
            Err(Fault::Failed(failure)) => Some(self.with_logs(failure, replica).await),
            other => other.map(|_| None)?,
        };
        let why = why.map(|why| self.vault.redactor(id).failure(why));
        self.runtime.remove(replica).await.map(|()| Done::Buried(why))
    }

    /// Waits until replicas answer their probe, and then lets all of them serve.
    async fn probe(&self, desired: &DesiredDeployment, replicas: &[String]) -> Outcome {
        let probe = desired.spec.effective_probe();
        let seconds = desired.spec.start_deadline_s.unwrap_or(START_S);
        let proving = replicas.iter().map(async |replica| {
            let ready = self.answers(replica, probe.as_ref(), seconds).await?;
            self.runtime.keep(replica).await?;
            Ok::<_, Fault>(ready)
        });
        let proven = try_join_all(proving).await?;
        Ok(self.admit(desired.id, replicas, proven))
    }

    /// A shelved replica runs again. It has served before, so it is only waited for.
    async fn revive(&self, desired: &DesiredDeployment, replica: &str, probe: Option<Probe>) -> Outcome {
        self.runtime.start_again(replica).await?;
        let ready = self.answers(replica, probe.as_ref(), START_S).await?;
        Ok(self.admit(desired.id, &[replica.to_owned()], vec![ready]))
    }

    fn admit(&self, id: DeploymentId, replicas: &[String], ready: Vec<(Address, u32)>) -> Done {
        let all =
            replicas.iter().zip(&ready).map(|(replica, (address, _))| (replica.as_str(), address.clone()));
        self.backends.add_all(id, all);
        Done::Serve(replicas.iter().cloned().zip(ready.into_iter().map(|(_, restarts)| restarts)).collect())
    }

    /// Waits until a replica answers its probe.
    async fn answers(
        &self,
        replica: &str,
        probe: Option<&Probe>,
        seconds: u32,
    ) -> Result<(Address, u32), Fault> {
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(seconds.into());
        let mut pause = Duration::from_millis(20);
        loop {
            let tried = match self.try_once(replica, probe).await {
                Err(Fault::Failed(failure)) => return Err(self.with_logs(failure, replica).await.into()),
                other => other?,
            };
            match tried {
                Tried::Ready(address, restarts) if probe.is_some() || begun.elapsed() >= SETTLE => {
                    return Ok((address, restarts));
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
                Ok(self.admit(id, &[replica.to_owned()], vec![(address, restarts)]))
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
            Some(probe) => question(&self.runtime, replica, &address, probe).await,
            None => Ok(()),
        };
        Ok(asked.map_or_else(Tried::NotYet, |()| Tried::Ready(address, restarts)))
    }

    async fn with_logs(&self, mut failure: Failure, replica: &str) -> Failure {
        let lines = self.runtime.last_lines(replica).await;
        // Values that only this replica's release had are known to its container alone.
        failure.logs = match self.runtime.secrets_in(replica).await {
            Ok(values) => Redactor::new(values.iter().map(Vec::as_slice)).lines(&lines),
            Err(_) => Vec::new(),
        };
        failure
    }

    fn redacted(&self, id: DeploymentId, fault: Fault) -> Fault {
        match fault {
            Fault::Failed(failure) => Fault::Failed(self.vault.redactor(id).failure(failure)),
            other @ (Fault::Away(_) | Fault::Gone(_)) => other,
        }
    }
}

fn drain(desired: &DesiredDeployment) -> Duration {
    desired.spec.drain_s.map_or(DRAIN, |seconds| Duration::from_secs(seconds.into()))
}

/// How long a step may take, whatever hangs. Within it, each step has better reasons to give up.
fn deadline(step: &Step, desired: &DesiredDeployment) -> (&'static str, Duration) {
    let spec = &desired.spec;
    // A replica of an older release may have been given more time to stop than this one.
    const STOP_MAX: u64 = 3600;
    let stop = STOP_MAX + drain(desired).as_secs() + 90;
    let (what, seconds) = match step {
        Step::Pull => ("pulling the image", 30 * 60),
        Step::Start { .. } => ("starting a container", 2 * 60),
        Step::Probe { .. } => ("the probe", u64::from(spec.start_deadline_s.unwrap_or(START_S)) + 60),
        Step::Readmit { .. } => ("the probe", 60),
        Step::Revive { .. } => ("starting a container again", u64::from(START_S) + 2 * 60),
        Step::Shelve { .. } | Step::Retire { .. } => ("stopping a container", stop),
        Step::Bury { .. } => ("removing a container", 2 * 60),
    };
    (what, Duration::from_secs(seconds))
}
