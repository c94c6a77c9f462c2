//! The loop that makes what is here what is desired: look, plan one step for each deployment, carry it out, report.
//!
//! Levels, not edges: a pass decides from what it finds, whatever woke it. Each deployment has at most one step under
//! way, in a task of its own, so that one that hangs holds up no other.

mod plan;
mod steps;

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt, stream::BoxStream};
use patr_models::{
    deployment::{Generation, Power},
    ids::DeploymentId,
    wire::{DesiredDeployment, ObservedDeployment, ObservedReplica, Phase, Report, Unreadable},
};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time,
};
use tracing::{info, warn};

use crate::{
    backends::Backends,
    runtime::{Replica, ReplicaState, Runtime},
    store::Known,
};
use plan::{Memory, Step, plan};
use steps::{Context, Outcome};

/// How often to look although nothing seems to have happened.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// A step under way.
struct Task {
    step: Step,
    generation: Generation,
    handle: AbortHandle,
}

struct Reconciler<R> {
    runtime: R,
    backends: Backends,
    memories: HashMap<DeploymentId, Memory>,
    tasks: HashMap<DeploymentId, Task>,
    finished: mpsc::UnboundedSender<(DeploymentId, Generation, Outcome)>,
    report: watch::Sender<Option<Report>>,
}

/// What woke the loop.
enum Event {
    Desired,
    Finished(DeploymentId, Generation, Outcome),
    Changed,
    Closed,
}

/// Reconciles until the agent ends.
pub(crate) async fn run<R: Runtime>(
    runtime: R,
    mut desired: watch::Receiver<Option<Known>>,
    report: watch::Sender<Option<Report>>,
    backends: Backends,
) {
    let (finished, mut outcomes) = mpsc::unbounded_channel();
    let mut changes: BoxStream<'static, ()> = runtime.changes().boxed();
    let mut reconciler =
        Reconciler { runtime, backends, memories: HashMap::new(), tasks: HashMap::new(), finished, report };
    let mut look = time::interval(LOOK_EVERY);
    loop {
        // Before anything was heard nothing is planned: what runs may well be desired.
        let known = desired.borrow_and_update().clone();
        if let Some(known) = &known {
            reconciler.pass(known).await;
        }
        let event = tokio::select! {
            changed = desired.changed() => if changed.is_ok() { Event::Desired } else { Event::Closed },
            Some((id, generation, outcome)) = outcomes.recv() => Event::Finished(id, generation, outcome),
            Some(()) = changes.next() => Event::Changed,
            _ = look.tick() => Event::Changed,
        };
        match event {
            Event::Closed => return,
            Event::Finished(id, generation, outcome) => reconciler.finished(id, generation, outcome),
            Event::Desired | Event::Changed => {}
        }
    }
}

impl<R: Runtime> Reconciler<R> {
    async fn pass(&mut self, known: &Known) {
        let here = match self.runtime.observe(&known.runner.to_string()).await {
            Ok(here) => here,
            Err(error) => return warn!("{error}"),
        };
        self.drop_those_that_do_not_run(&here);
        self.supersede(known);
        let deployments = &known.snapshot.deployments;
        for desired in deployments {
            self.step(known, desired, &of(&here, desired.id));
        }
        let gone: Vec<DeploymentId> =
            known.snapshot.tombstones.iter().map(|tombstone| tombstone.deployment).collect();
        for &id in &gone {
            self.remove_all(known, id, &of(&here, id));
        }
        let unreadable = known.snapshot.unreadable.iter().map(Unreadable::observed);
        let observed = deployments
            .iter()
            .map(|desired| self.observed(desired, &of(&here, desired.id)))
            .chain(unreadable)
            .collect();
        let nothing_left = |id: &DeploymentId| !here.iter().any(|replica| replica.deployment == *id);
        let report = Report {
            revision: known.snapshot.revision,
            deployments: observed,
            gone: gone.into_iter().filter(nothing_left).collect(),
        };
        self.report.send_if_modified(|last| {
            let changed = last.as_ref() != Some(&report);
            *last = Some(report);
            changed
        });
    }

    /// A replica that does not run answers nothing, whatever was proved before. Its address may be another now.
    fn drop_those_that_do_not_run(&self, here: &[Replica]) {
        for replica in here {
            if !self.backends.contains(replica.deployment, &replica.id) {
                continue;
            }
            match replica.state {
                ReplicaState::Running { address: Some(address) } => {
                    self.backends.add(replica.deployment, &replica.id, address);
                }
                _ => drop(self.backends.remove(replica.deployment, &replica.id)),
            }
        }
        let alive: Vec<&str> = here.iter().map(|replica| replica.id.as_str()).collect();
        self.backends.retain(&alive);
    }

    /// What was begun for an older generation is given up; what it leaves behind is found by its labels.
    fn supersede(&mut self, known: &Known) {
        for desired in &known.snapshot.deployments {
            let overtaken = |task: &Task| {
                task.generation < desired.generation
                    && !matches!(task.step, Step::Retire { .. } | Step::Bury { .. })
            };
            if self.tasks.get(&desired.id).is_some_and(overtaken)
                && let Some(task) = self.tasks.remove(&desired.id)
            {
                task.handle.abort();
            }
        }
    }

    fn step(&mut self, known: &Known, desired: &DesiredDeployment, here: &[Replica]) {
        if self.tasks.contains_key(&desired.id) {
            return;
        }
        let memory = self.memories.entry(desired.id).or_default();
        let step = plan(desired, here, memory, |id| self.backends.contains(desired.id, id));
        if step == Step::Rest {
            let failed =
                memory.failed.as_ref().is_some_and(|(generation, _)| *generation == desired.generation);
            if desired.power == Power::Running && !failed && memory.live != Some(desired.generation) {
                info!("{}: release {} is live", desired.name, desired.release);
                memory.live = Some(desired.generation);
                memory.trouble = None;
            }
            return;
        }
        self.spawn(known, desired.clone(), step);
    }

    fn remove_all(&mut self, known: &Known, id: DeploymentId, here: &[Replica]) {
        let busy = self.tasks.get(&id).is_some_and(|task| matches!(task.step, Step::Retire { .. }));
        let Some(replica) = here.first().filter(|_| !busy) else { return };
        if let Some(task) = self.tasks.remove(&id) {
            task.handle.abort();
        }
        self.memories.remove(&id);
        let step = Step::Retire { replica: replica.id.clone() };
        let context = self.context(known);
        self.track(id, Generation::MAX, step.clone(), context.retire_replica(id, replica.id.clone()));
    }

    fn spawn(&mut self, known: &Known, desired: DesiredDeployment, step: Step) {
        let context = self.context(known);
        let (id, generation) = (desired.id, desired.generation);
        let known_digest = desired.digest.clone();
        self.track(id, generation, step.clone(), context.perform(desired, step, known_digest));
    }

    fn context(&self, known: &Known) -> Context<R> {
        let (runtime, backends) = (self.runtime.clone(), self.backends.clone());
        Context { runtime, backends, runner: known.runner.to_string() }
    }

    fn track(
        &mut self,
        id: DeploymentId,
        generation: Generation,
        step: Step,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) {
        let finished = self.finished.clone();
        let task = tokio::spawn(async move {
            let outcome = work.await;
            // The loop ends with the process only.
            let _ = finished.send((id, generation, outcome));
        });
        self.tasks.insert(id, Task { step, generation, handle: task.abort_handle() });
    }

    fn finished(&mut self, id: DeploymentId, generation: Generation, outcome: Outcome) {
        // An outcome of a step that was given up says nothing about the one that took its place.
        if self.tasks.get(&id).is_none_or(|task| task.generation != generation) {
            return;
        }
        self.tasks.remove(&id);
        let Some(memory) = self.memories.get_mut(&id) else { return };
        match outcome {
            Outcome::Pulled(release, digest) => memory.resolved = Some((release, digest)),
            Outcome::Done => {}
            Outcome::Serves => memory.trouble = None,
            Outcome::Failed(failure) if memory.live == Some(generation) => {
                warn!("{id}: {}", failure.message);
                memory.trouble = Some(failure);
            }
            Outcome::Failed(failure) => {
                warn!("{id}: the rollout has failed: {}", failure.message);
                memory.failed = Some((generation, failure));
            }
        }
    }

    fn observed(&self, desired: &DesiredDeployment, here: &[Replica]) -> ObservedDeployment {
        let nothing = Memory::default();
        let memory = self.memories.get(&desired.id).unwrap_or(&nothing);
        let digest = plan::digest(desired, here, memory);
        let hash = digest.as_ref().map(|digest| desired.spec.hash(digest, desired.restart));
        let serves = |replica: &&Replica| self.backends.contains(desired.id, &replica.id);
        let current = |replica: &&Replica| Some(&replica.hash) == hash.as_ref();
        let replicas = here.iter().map(|replica| ObservedReplica {
            id: replica.id.chars().take(12).collect(),
            release: replica.release,
            ready: serves(&replica),
            restarts: replica.restarts,
        });
        let ready = here.iter().filter(current).filter(serves).count();
        ObservedDeployment {
            id: desired.id,
            generation: desired.generation,
            release: desired.release,
            digest,
            phase: self.phase(desired, here, memory),
            ready: u32::try_from(ready).unwrap_or(u32::MAX),
            replicas: replicas.collect(),
            trouble: memory.trouble.clone(),
        }
    }

    fn phase(&self, desired: &DesiredDeployment, here: &[Replica], memory: &Memory) -> Phase {
        if desired.power == Power::Stopped {
            return if here.is_empty() { Phase::Stopped } else { Phase::Draining };
        }
        if let Some((_, failure)) =
            memory.failed.as_ref().filter(|(generation, _)| *generation == desired.generation)
        {
            let serving = here.iter().find(|replica| self.backends.contains(desired.id, &replica.id));
            return Phase::Failed {
                failure: failure.clone(),
                serving: serving.map(|replica| replica.release),
            };
        }
        if memory.live == Some(desired.generation) {
            return Phase::Settled;
        }
        match self.tasks.get(&desired.id).map(|task| &task.step) {
            Some(Step::Pull) => Phase::Pulling,
            Some(Step::Retire { .. }) => Phase::Draining,
            _ => Phase::Starting,
        }
    }
}

fn of(here: &[Replica], id: DeploymentId) -> Vec<Replica> {
    here.iter().filter(|replica| replica.deployment == id).cloned().collect()
}
