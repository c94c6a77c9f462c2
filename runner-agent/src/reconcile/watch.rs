//! Asks replicas that serve whether they are ready and alive, each in a task of its own.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use patr_models::{
    deployment::{
        Failure, FailureKind, Generation, WorkloadSpec,
        spec::{Ask, Probe},
    },
    ids::DeploymentId,
};
use tokio::{
    sync::mpsc,
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::{
    backends::Backends,
    runtime::{Address, Runtime, failure},
};

/// What a replica has come to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    Ready,
    Unready(Failure),
    /// It has to be replaced.
    Dead(Failure),
}

/// A replica has come to be something else.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) deployment: DeploymentId,
    pub(super) replica: String,
    /// The one that it was watched for first.
    pub(super) generation: Generation,
    pub(super) verdict: Verdict,
}

/// Asks a replica once.
pub(super) async fn question<R: Runtime>(
    runtime: &R,
    replica: &str,
    address: &Address,
    probe: &Probe,
) -> Result<(), Failure> {
    let patience = Duration::from_secs(probe.timeout_s().into());
    match probe.ask() {
        Some(Ask::Exec { command }) => runtime.exec_probe(replica, command, patience).await,
        Some(Ask::Http { .. } | Ask::Tcp { .. }) => {
            let late = || {
                let message = format!("no answer within {} s", patience.as_secs());
                failure(FailureKind::ProbeFailed, message)
            };
            timeout(patience, runtime.ask(replica, address, probe)).await.unwrap_or_else(|_| Err(late()))
        }
        None => Ok(()),
    }
}

/// The replicas that are watched. All watching ends with this.
pub(super) struct Watches {
    tasks: HashMap<String, Vec<AbortHandle>>,
    sender: mpsc::UnboundedSender<Judged>,
    judged: mpsc::UnboundedReceiver<Judged>,
}

impl Default for Watches {
    fn default() -> Self {
        let (sender, judged) = mpsc::unbounded_channel();
        Self { tasks: HashMap::new(), sender, judged }
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        self.tasks.values().flatten().for_each(AbortHandle::abort);
    }
}

/// What a watch needs to know of its replica.
struct Watch<R> {
    runtime: R,
    backends: Backends,
    deployment: DeploymentId,
    replica: String,
    generation: Generation,
    sender: mpsc::UnboundedSender<Judged>,
}

impl Watches {
    /// The next verdict.
    pub(super) async fn judged(&mut self) -> Option<Judged> {
        self.judged.recv().await
    }

    /// Begins to watch a replica with the probes of its own release, which go on when another one is current.
    pub(super) fn begin<R: Runtime>(
        &mut self,
        (runtime, backends): (&R, &Backends),
        (deployment, generation): (DeploymentId, Generation),
        replica: &str,
        spec: &WorkloadSpec,
    ) {
        if self.tasks.contains_key(replica) {
            return;
        }
        let watch = || Watch {
            runtime: runtime.clone(),
            backends: backends.clone(),
            deployment,
            replica: replica.to_owned(),
            generation,
            sender: self.sender.clone(),
        };
        let ready = spec.readiness_probe.clone().map(|probe| tokio::spawn(watch().readiness(probe)));
        let alive = spec.liveness_probe.clone().map(|probe| tokio::spawn(watch().liveness(probe)));
        let tasks: Vec<_> = ready.into_iter().chain(alive).map(|task| task.abort_handle()).collect();
        if !tasks.is_empty() {
            self.tasks.insert(replica.to_owned(), tasks);
        }
    }

    /// Ends the watching of replicas that are gone.
    pub(super) fn forget_others(&mut self, here: &HashSet<&str>) {
        self.tasks.retain(|replica, tasks| {
            let stays = here.contains(replica.as_str());
            if !stays {
                tasks.iter().for_each(AbortHandle::abort);
            }
            stays
        });
    }
}

impl<R: Runtime> Watch<R> {
    /// Out of the proxy after so many failures in a row, and back with the first success.
    async fn readiness(self, probe: Probe) {
        let mut failures = 0;
        while let Some(answer) = self.next_answer(&probe, &mut failures).await {
            match answer {
                Ok(()) if self.is_ready() == Some(false) => self.say(Verdict::Ready),
                Err(why) if self.is_ready() == Some(true) => self.say(Verdict::Unready(why)),
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// What has failed so often is to be replaced; should it stay for lack of anything better, it is asked on.
    async fn liveness(self, probe: Probe) {
        let (mut failures, mut dead) = (0, false);
        while let Some(answer) = self.next_answer(&probe, &mut failures).await {
            match answer {
                Err(why) if !dead => {
                    let message = format!("it stopped answering its liveness probe: {}", why.message);
                    self.say(Verdict::Dead(Failure { kind: FailureKind::NotAlive, message, logs: why.logs }));
                    dead = true;
                }
                Ok(()) | Err(_) => dead &= answer.is_err(),
            }
        }
    }

    fn is_ready(&self) -> Option<bool> {
        self.backends.is_ready(self.deployment, &self.replica)
    }

    fn say(&self, verdict: Verdict) {
        let (deployment, replica) = (self.deployment, self.replica.clone());
        // The reconciler that would hear it is gone otherwise.
        let _ = self.sender.send(Judged { deployment, replica, generation: self.generation, verdict });
    }

    /// The next success, or failure that counts. A replica that is not in the proxy is not asked: it is starting again,
    /// or on its way out.
    async fn next_answer(&self, probe: &Probe, failures: &mut u32) -> Option<Result<(), Failure>> {
        loop {
            sleep(Duration::from_secs(probe.period_s().into())).await;
            if self.sender.is_closed() {
                return None;
            }
            let Some(address) = self.backends.address(self.deployment, &self.replica) else {
                *failures = 0;
                continue;
            };
            if self.runtime.is_held(&self.replica) {
                continue;
            }
            match question(&self.runtime, &self.replica, &address, probe).await {
                Ok(()) => {
                    *failures = 0;
                    return Some(Ok(()));
                }
                Err(why) => {
                    *failures += 1;
                    if *failures >= probe.failures() {
                        return Some(Err(why));
                    }
                }
            }
        }
    }
}
