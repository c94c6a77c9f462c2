//! The loop that makes what is here what is desired: look, plan the steps of each deployment, carry them out, report.
//!
//! Levels, not edges: a pass decides from what it finds, whatever woke it.

mod advance;
mod autoscale;
mod memory;
mod plan;
mod report;
mod steps;
mod tasks;
mod watch;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream::BoxStream};
use patr_models::{
    ids::{DeploymentId, VolumeId},
    wire::{HostHealth, Report, Sample, Snapshot},
};
use tokio::{
    sync::{mpsc, watch as channel},
    time::{self, Instant},
};
use tracing::{info, warn};

use crate::{
    backends::Backends,
    link,
    meter::Running,
    runtime::{Fault, Replica, ReplicaState, Runtime, Unavailable, VolumesSeen},
    store::{Failures, Known},
    vault::Vault,
};
use autoscale::Scaler;
use memory::{Memory, Pause};
use tasks::{Ended, Tasks};
use watch::{Judged, Verdict, Watches};

/// How often to look although nothing seems to have happened.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long looking may take.
const LOOK_MAX: Duration = Duration::from_secs(30);

/// What the loop reads and writes.
pub(crate) struct Ports<R> {
    pub(crate) runtime: R,
    pub(crate) desired: channel::Receiver<Option<Arc<Known>>>,
    pub(crate) report: channel::Sender<Option<Report>>,
    pub(crate) backends: Backends,
    pub(crate) vault: Vault,
    /// What is to be measured, and what was.
    pub(crate) running: channel::Sender<Vec<Running>>,
    pub(crate) samples: mpsc::Receiver<Vec<Sample>>,
    /// What has failed; it begins with what an agent before this one knew.
    pub(crate) failures: channel::Sender<Failures>,
}

struct Reconciler<R> {
    runtime: R,
    backends: Backends,
    vault: Vault,
    memories: HashMap<DeploymentId, Memory>,
    scalers: HashMap<DeploymentId, Scaler>,
    tasks: Tasks,
    watches: Watches,
    report: channel::Sender<Option<Report>>,
    running: channel::Sender<Vec<Running>>,
    failures: channel::Sender<Failures>,
    missing: Arc<HashSet<VolumeId>>,
    /// The runtime did not answer; it is asked again then.
    away: Option<Pause>,
    /// Nobody has looked for a while: what has ended since may have ended with the runtime, or with the machine.
    unwatched: bool,
    /// Replicas that ended in such a while, before they were proved.
    forgiven: HashSet<String>,
}

/// What is on the machine besides replicas.
struct Host {
    volumes: VolumesSeen,
    health: HostHealth,
}

/// What woke the loop.
enum Event {
    Desired,
    Ended(Option<Ended>),
    Judged(Judged),
    Sampled(Vec<Sample>),
    Look,
    Closed,
}

/// Reconciles until the agent ends.
pub(crate) async fn run<R: Runtime>(ports: Ports<R>) {
    let Ports { runtime, mut desired, report, backends, vault, running, mut samples, failures } = ports;
    let mut changes: BoxStream<'static, ()> = runtime.changes().boxed();
    let asked = backends.clone();
    let failed = failures.borrow().clone();
    let memories = failed.into_iter().map(|(id, failed)| (id, Memory::of_failed(failed))).collect();
    let mut reconciler = Reconciler {
        runtime,
        backends,
        vault,
        memories,
        scalers: HashMap::new(),
        tasks: Tasks::default(),
        watches: Watches::default(),
        report,
        running,
        failures,
        missing: Arc::default(),
        away: None,
        unwatched: true,
        forgiven: HashSet::new(),
    };
    loop {
        // Before anything was heard nothing is planned: what runs may well be desired.
        let known = desired.borrow_and_update().clone();
        if let Some(known) = &known {
            reconciler.pass(known).await;
        }
        let look_at = reconciler.look_at(Instant::now());
        let event = tokio::select! {
            changed = desired.changed() => if changed.is_ok() { Event::Desired } else { Event::Closed },
            Some(ended) = reconciler.tasks.ended() => Event::Ended(ended),
            Some(judged) = reconciler.watches.judged() => Event::Judged(judged),
            Some(samples) = samples.recv() => Event::Sampled(samples),
            Some(()) = changes.next() => Event::Look,
            () = asked.asked() => Event::Look,
            () = time::sleep_until(look_at) => Event::Look,
        };
        match event {
            Event::Closed => return,
            Event::Ended(ended) => reconciler.ended(ended),
            Event::Judged(judged) => reconciler.judged(judged),
            Event::Sampled(samples) => reconciler.sampled(known.as_deref(), &samples),
            Event::Desired | Event::Look => {}
        }
    }
}

impl<R: Runtime> Reconciler<R> {
    async fn pass(&mut self, known: &Known) {
        // What is let in while the runtime looks is newer than what it sees.
        let mark = self.backends.mark();
        let looked = time::timeout(LOOK_MAX, self.look(known)).await;
        match looked.unwrap_or_else(|_| Err(Unavailable(format!("nothing within {} s", LOOK_MAX.as_secs()))))
        {
            Ok((mut here, host)) => {
                if self.away.take().is_some() {
                    info!("the runtime answers again");
                }
                self.forgive(&mut here);
                self.missing = Arc::new(host.volumes.missing.iter().copied().collect());
                self.follow(mark, &here);
                self.hear(mark, &here);
                self.go_on(known, &here, host);
            }
            Err(error) => self.is_away(&error),
        }
    }

    /// What has ended with the runtime before it was proved is not its release's fault: the runtime starts only those again
    /// that were. It is taken for one that was never started, so that another is in its place.
    fn forgive(&mut self, here: &mut [Replica]) {
        let ended = |replica: &Replica| replica.state == ReplicaState::Exited && !replica.proven;
        if std::mem::take(&mut self.unwatched) {
            self.forgiven =
                here.iter().filter(|replica| ended(replica)).map(|replica| replica.id.clone()).collect();
        }
        for replica in here.iter_mut() {
            if ended(replica) && self.forgiven.contains(&replica.id) {
                replica.state = ReplicaState::Created;
            }
        }
    }

    async fn look(&self, known: &Known) -> Result<(Vec<Replica>, Host), Unavailable> {
        let runner = known.runner.to_string();
        let Snapshot { volumes, buried_volumes, .. } = &known.snapshot;
        let here = self.runtime.observe(&runner).await?;
        let volumes = self.runtime.volumes(&runner, volumes, buried_volumes).await?;
        let health = self.runtime.health().await;
        Ok((here, Host { volumes, health }))
    }

    /// What was seen last is said on, with a word that it is not seen now, and since when.
    fn is_away(&mut self, error: &Unavailable) {
        if self.away.is_none() {
            warn!("{error}");
        }
        self.away = Some(Pause::after(self.away.as_ref(), Instant::now()));
        self.unwatched = true;
        let last = self.report.borrow().clone().unwrap_or_default();
        let unknown = HostHealth { disk_total: None, disk_free: None, trouble: None, away_since: None };
        let before = last.health.clone().unwrap_or(unknown);
        let away_since = before.away_since.or_else(|| Some(link::clock()));
        let health = HostHealth { trouble: Some(error.to_string()), away_since, ..before };
        self.publish(Report { health: Some(health), ..last });
    }

    fn publish(&self, report: Report) {
        self.report.send_if_modified(|last| {
            let changed = last.as_ref() != Some(&report);
            *last = Some(report);
            changed
        });
    }

    /// When to look again although nothing is heard.
    fn look_at(&self, now: Instant) -> Instant {
        if let Some(away) = &self.away {
            return away.until;
        }
        let tries = self.memories.values().filter_map(|memory| memory.next_try(now));
        tries.chain([now + LOOK_EVERY]).min().unwrap_or(now)
    }

    /// Takes the end of a step, and of every other that has ended by now: one look is enough for all of them.
    fn ended(&mut self, first: Option<Ended>) {
        self.remember(first);
        while let Some(next) = self.tasks.ended_already() {
            self.remember(next);
        }
    }

    fn remember(&mut self, ended: Option<Ended>) {
        let Some(Ended { deployment, step, generation, outcome }) = ended else { return };
        match &outcome {
            Err(Fault::Failed(failure)) => warn!("{deployment}: {step:?}: {}", failure.message),
            Err(Fault::Away(error)) => warn!("{deployment}: {step:?}: {error}"),
            Err(Fault::Gone(why)) => warn!("{deployment}: {step:?}: {why}"),
            Ok(_) => {}
        }
        if let Some(memory) = self.memories.get_mut(&deployment) {
            memory.ended(&step, generation, outcome, Instant::now());
        }
    }

    fn judged(&mut self, judged: Judged) {
        let Judged { deployment, replica, generation, verdict } = judged;
        let redactor = self.vault.redactor(deployment);
        let verdict = match verdict {
            Verdict::Ready => Verdict::Ready,
            Verdict::Unready(why) => Verdict::Unready(redactor.failure(why)),
            Verdict::Dead(why) => Verdict::Dead(redactor.failure(why)),
        };
        match &verdict {
            Verdict::Ready => info!("{deployment}: {replica} is ready again"),
            Verdict::Unready(why) => warn!("{deployment}: {replica} is not ready: {}", why.message),
            Verdict::Dead(why) => warn!("{deployment}: {replica}: {}", why.message),
        }
        match &verdict {
            Verdict::Ready => self.backends.set_ready(deployment, &replica, true),
            Verdict::Unready(_) => self.backends.set_ready(deployment, &replica, false),
            Verdict::Dead(_) => {}
        }
        if let Some(memory) = self.memories.get_mut(&deployment) {
            memory.judged(&replica, verdict, generation);
        }
    }
}
