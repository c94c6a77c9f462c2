//! The loop that makes what is here what is desired: look, plan the steps of each deployment, carry them out, report.
//!
//! Levels, not edges: a pass decides from what it finds, whatever woke it.

mod memory;
mod plan;
mod report;
mod steps;
mod tasks;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream::BoxStream};
use patr_models::{
    deployment::Power,
    ids::DeploymentId,
    wire::{DesiredDeployment, ObservedDeployment, Report, Snapshot, Tombstone, Unreadable},
};
use tokio::{
    sync::watch,
    time::{self, Instant},
};
use tracing::{info, warn};

use crate::{
    backends::Backends,
    runtime::{Fault, Replica, ReplicaState, Runtime, Unavailable},
    store::Known,
};
use memory::{Memory, Pause};
use plan::{Situation, Step, plan, settled};
use report::View;
use steps::Context;
use tasks::{Ended, Tasks};

/// How often to look although nothing seems to have happened.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long looking may take.
const LOOK_MAX: Duration = Duration::from_secs(30);

struct Reconciler<R> {
    runtime: R,
    backends: Backends,
    memories: HashMap<DeploymentId, Memory>,
    tasks: Tasks,
    report: watch::Sender<Option<Report>>,
    /// The runtime did not answer; it is asked again then.
    away: Option<Pause>,
}

/// What woke the loop.
enum Event {
    Desired,
    Ended(Option<Ended>),
    Look,
    Closed,
}

/// Reconciles until the agent ends.
pub(crate) async fn run<R: Runtime>(
    runtime: R,
    mut desired: watch::Receiver<Option<Arc<Known>>>,
    report: watch::Sender<Option<Report>>,
    backends: Backends,
) {
    let mut changes: BoxStream<'static, ()> = runtime.changes().boxed();
    let mut reconciler = Reconciler {
        runtime,
        backends,
        memories: HashMap::new(),
        tasks: Tasks::default(),
        report,
        away: None,
    };
    loop {
        // Before anything was heard nothing is planned: what runs may well be desired.
        let known = desired.borrow_and_update().clone();
        if let Some(known) = known {
            reconciler.pass(&known).await;
        }
        let look_at = reconciler.look_at(Instant::now());
        let event = tokio::select! {
            changed = desired.changed() => if changed.is_ok() { Event::Desired } else { Event::Closed },
            Some(ended) = reconciler.tasks.ended() => Event::Ended(ended),
            Some(()) = changes.next() => Event::Look,
            () = time::sleep_until(look_at) => Event::Look,
        };
        match event {
            Event::Closed => return,
            Event::Ended(ended) => reconciler.ended(ended),
            Event::Desired | Event::Look => {}
        }
    }
}

impl<R: Runtime> Reconciler<R> {
    async fn pass(&mut self, known: &Known) {
        let runner = known.runner.to_string();
        let looking = self.runtime.observe(&runner);
        let looked = time::timeout(LOOK_MAX, looking).await;
        match looked.unwrap_or_else(|_| Err(Unavailable(format!("nothing within {} s", LOOK_MAX.as_secs()))))
        {
            Ok(here) => {
                if self.away.take().is_some() {
                    info!("the runtime answers again");
                }
                self.go_on(known, &here);
            }
            Err(error) => self.is_away(&error),
        }
    }

    fn is_away(&mut self, error: &Unavailable) {
        if self.away.is_none() {
            warn!("{error}");
        }
        self.away = Some(Pause::after(self.away.as_ref(), Instant::now()));
    }

    /// When to look again although nothing is heard.
    fn look_at(&self, now: Instant) -> Instant {
        if let Some(away) = &self.away {
            return away.until;
        }
        let tries = self.memories.values().filter_map(|memory| memory.next_try(now));
        tries.chain([now + LOOK_EVERY]).min().unwrap_or(now)
    }

    fn go_on(&mut self, known: &Known, all: &[Replica]) {
        let Snapshot { revision, deployments, tombstones, unreadable, .. } = &known.snapshot;
        let runner = known.runner.to_string();
        let here = by_deployment(all);
        let of = |id: DeploymentId| here.get(&id).map(Vec::as_slice).unwrap_or_default();
        self.follow(all);
        self.forget(&known.snapshot, all);
        for desired in deployments {
            self.tasks.supersede(desired.id, desired.generation);
            self.advance(&runner, desired, of(desired.id));
        }
        let deleted: Vec<&Tombstone> =
            tombstones.iter().filter(|tombstone| !is_newer(deployments, tombstone)).collect();
        for tombstone in &deleted {
            self.tasks.supersede(tombstone.deployment, tombstone.generation);
            self.remove_all(&runner, tombstone, of(tombstone.deployment));
        }
        let gone = deleted.iter().map(|tombstone| tombstone.deployment);
        let observed = deployments.iter().map(|desired| self.observed(desired, of(desired.id)));
        let report = Report {
            revision: *revision,
            deployments: observed.chain(unreadable.iter().map(Unreadable::observed)).collect(),
            gone: gone.filter(|id| of(*id).is_empty()).collect(),
            ..Report::default()
        };
        self.report.send_if_modified(|last| {
            let changed = last.as_ref() != Some(&report);
            *last = Some(report);
            changed
        });
    }

    /// A replica that does not run answers nothing, whatever was proved before.
    fn follow(&self, all: &[Replica]) {
        let running = all.iter().filter_map(|replica| match &replica.state {
            ReplicaState::Running(address) => Some((replica.id.as_str(), address)),
            ReplicaState::Created | ReplicaState::Restarting | ReplicaState::Exited => None,
        });
        let running: HashMap<_, _> = running.collect();
        self.backends.follow(|container| running.get(container).map(|address| (*address).clone()));
    }

    /// Nothing is remembered of deployments and replicas that are gone.
    fn forget(&mut self, snapshot: &Snapshot, all: &[Replica]) {
        let buried = snapshot.tombstones.iter().map(|tombstone| tombstone.deployment);
        let desired = snapshot.deployments.iter().map(|desired| desired.id);
        let known: HashSet<DeploymentId> = desired.chain(buried).collect();
        let here: HashSet<&str> = all.iter().map(|replica| replica.id.as_str()).collect();
        self.memories.retain(|id, memory| {
            memory.forget_others(|replica| here.contains(replica));
            known.contains(id)
        });
    }

    /// Begins what is to be done for a deployment.
    fn advance(&mut self, runner: &str, desired: &DesiredDeployment, here: &[&Replica]) {
        let staying = self.staying(desired.id, here);
        let memory = self.memories.entry(desired.id).or_default();
        memory.turn_to(desired.generation);
        let (backends, tasks) = (&self.backends, &self.tasks);
        let situation = Situation {
            desired,
            here: &staying,
            memory,
            serves: &|replica| backends.contains(desired.id, replica),
            busy: &|target| tasks.is_busy(desired.id, target),
            now: Instant::now(),
        };
        let steps = plan(&situation);
        if settled(&situation) && staying.len() == here.len() && memory.live != Some(desired.generation) {
            if desired.power == Power::Running {
                info!("{}: release {} is live", desired.name, desired.release);
            }
            memory.settled(desired.generation);
        }
        for step in steps {
            let work = self.context(runner).perform(desired.clone(), step.clone());
            self.tasks.begin(desired.id, desired.generation, step, work);
        }
    }

    fn staying<'a>(&self, id: DeploymentId, here: &[&'a Replica]) -> Vec<&'a Replica> {
        here.iter().filter(|replica| !self.tasks.leaves(id, &replica.id)).copied().collect()
    }

    /// Takes away what a tombstone names: replicas of the generations before it.
    fn remove_all(&mut self, runner: &str, tombstone: &Tombstone, here: &[&Replica]) {
        let (id, now) = (tombstone.deployment, Instant::now());
        for replica in self.staying(id, here) {
            let step = Step::Retire { replica: replica.id.clone() };
            let may = self.memories.entry(id).or_default().may_try(&step.target(), now);
            if replica.generation >= tombstone.generation || !may {
                continue;
            }
            let (context, replica) = (self.context(runner), replica.id.clone());
            let work = async move { context.retire(id, &replica).await };
            self.tasks.begin(id, tombstone.generation, step, work);
        }
    }

    fn context(&self, runner: &str) -> Context<R> {
        let (runtime, backends) = (self.runtime.clone(), self.backends.clone());
        Context { runtime, backends, runner: runner.to_owned() }
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
            Ok(_) => {}
        }
        if let Some(memory) = self.memories.get_mut(&deployment) {
            memory.ended(&step, generation, outcome, Instant::now());
        }
    }

    fn observed(&self, desired: &DesiredDeployment, here: &[&Replica]) -> ObservedDeployment {
        let nothing = Memory::default();
        let view = View {
            desired,
            here,
            memory: self.memories.get(&desired.id).unwrap_or(&nothing),
            serves: &|replica| self.backends.contains(desired.id, replica),
            step: self.tasks.rollout(desired.id),
            draining: here.iter().any(|replica| self.tasks.leaves(desired.id, &replica.id)),
        };
        view.observed()
    }
}

fn by_deployment(all: &[Replica]) -> HashMap<DeploymentId, Vec<&Replica>> {
    let mut here: HashMap<DeploymentId, Vec<&Replica>> = HashMap::new();
    for replica in all {
        here.entry(replica.deployment).or_default().push(replica);
    }
    here
}

/// Whether a deployment is there again, newer than its tombstone.
fn is_newer(deployments: &[DesiredDeployment], tombstone: &Tombstone) -> bool {
    deployments
        .iter()
        .any(|desired| desired.id == tombstone.deployment && desired.generation >= tombstone.generation)
}
