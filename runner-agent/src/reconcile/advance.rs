//! One pass over what was found.

use std::collections::{HashMap, HashSet};

use patr_models::{
    deployment::{Digest, Power},
    ids::DeploymentId,
    wire::{DesiredDeployment, ObservedDeployment, Report, Sample, Snapshot, Tombstone, Unreadable},
};
use tokio::time::Instant;
use tracing::info;

use super::{
    Host, Reconciler,
    autoscale::Scaler,
    memory::Memory,
    plan,
    plan::{Place, Situation, Step, plan, settled},
    report::View,
    steps::{self, Context},
    watch::{Judged, Verdict},
};
use crate::{
    backends::Expected,
    meter::Running,
    runtime::{Health, Replica, ReplicaState, Runtime},
    store::{Failures, Known},
};

impl<R: Runtime> Reconciler<R> {
    pub(super) fn go_on(&mut self, known: &Known, all: &[Replica], host: Host) {
        let Snapshot { revision, deployments, tombstones, unreadable, .. } = &known.snapshot;
        let runner = known.runner.to_string();
        let here = by_deployment(all);
        let of = |id: DeploymentId| here.get(&id).map(Vec::as_slice).unwrap_or_default();
        self.forget(&known.snapshot, all);
        let mut observed = Vec::new();
        let mut expected = HashMap::new();
        let mut went_live = false;
        for desired in deployments {
            self.tasks.supersede(desired.id, desired.generation);
            self.vault.learn(desired);
            let wanted = self.wanted(desired, of(desired.id));
            went_live |= self.advance(&runner, *revision, (desired, wanted), of(desired.id));
            let serves = self.is_expected(desired, wanted, of(desired.id));
            expected.insert(desired.id, Expected::of(serves, &desired.spec, of(desired.id)));
            observed.push(self.observed(desired, wanted, of(desired.id)));
        }
        self.backends.expect(expected);
        if went_live {
            self.collect_images(deployments);
        }
        let deleted: Vec<&Tombstone> =
            tombstones.iter().filter(|tombstone| !is_newer(deployments, tombstone)).collect();
        for tombstone in &deleted {
            self.tasks.supersede(tombstone.deployment, tombstone.generation);
            self.remove_all(&runner, tombstone, of(tombstone.deployment));
        }
        let gone: Vec<_> = deleted.iter().map(|tombstone| tombstone.deployment).collect();
        let gone: Vec<_> = gone.into_iter().filter(|id| of(*id).is_empty()).collect();
        self.are_gone(&gone);
        self.measure(deployments, all);
        self.keep_failures();
        observed.extend(unreadable.iter().map(Unreadable::observed));
        self.publish(Report {
            revision: *revision,
            deployments: observed,
            gone,
            volumes: host.volumes.here,
            gone_volumes: host.volumes.gone,
            health: Some(host.health),
        });
    }

    /// Where the runtime asks probes itself, what it has found is what counts.
    pub(super) fn hear(&mut self, mark: u64, all: &[Replica]) {
        for replica in all {
            let was_ready = self.backends.was_ready(replica.deployment, &replica.id, mark);
            let verdict = match (&replica.health, was_ready) {
                (Health::Ready, Some(false)) => Verdict::Ready,
                (Health::Unready(why), Some(true)) => Verdict::Unready(why.clone()),
                _ => continue,
            };
            let (deployment, generation) = (replica.deployment, replica.generation);
            self.judged(Judged { deployment, replica: replica.id.clone(), generation, verdict });
        }
    }

    /// A replica that does not run answers nothing, whatever was proved before.
    pub(super) fn follow(&mut self, mark: u64, all: &[Replica]) {
        let running = all.iter().filter_map(|replica| match &replica.state {
            ReplicaState::Running(address) => Some((replica.id.as_str(), address)),
            ReplicaState::Created | ReplicaState::Restarting | ReplicaState::Exited => None,
        });
        let running: HashMap<_, _> = running.collect();
        self.backends.follow(mark, |container| running.get(container).map(|address| (*address).clone()));
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
        self.scalers.retain(|id, _| known.contains(id));
        self.vault.retain(|id| known.contains(id));
        self.watches.forget_others(&here);
    }

    /// Nothing is kept of deployments that were deleted, once none of their replicas is left.
    fn are_gone(&self, gone: &[DeploymentId]) {
        let reported = self.report.borrow();
        let before = reported.as_ref().map(|report| report.gone.as_slice()).unwrap_or_default();
        for id in gone.iter().filter(|id| !before.contains(id)) {
            let (runtime, id) = (self.runtime.clone(), *id);
            tokio::spawn(async move { runtime.forget(id).await });
        }
    }

    /// How many replicas there should be.
    fn wanted(&mut self, desired: &DesiredDeployment, here: &[&Replica]) -> u32 {
        let Some(scale) = &desired.autoscale else {
            self.scalers.remove(&desired.id);
            return desired.replicas;
        };
        let now = Instant::now();
        let live = self.memories.get(&desired.id).and_then(|memory| memory.live) == Some(desired.generation);
        let want = self.backends.want(desired.id);
        let scaler = self.scalers.entry(desired.id).or_insert_with(|| Scaler::new(desired, here.len(), now));
        scaler.wanted(desired, scale, (want, live), now)
    }

    /// Takes what replicas use.
    pub(super) fn sampled(&mut self, known: Option<&Known>, samples: &[Sample]) {
        let deployments = known.map(|known| known.snapshot.deployments.as_slice()).unwrap_or_default();
        for desired in deployments {
            let of = samples.iter().filter(|sample| sample.deployment == desired.id);
            let used: Vec<f64> = of.map(|sample| f64::from(sample.usage.cpu_millis)).collect();
            let (Some(scale), Some(scaler)) = (&desired.autoscale, self.scalers.get_mut(&desired.id)) else {
                continue;
            };
            let Ok(measured) = u32::try_from(used.len()) else { continue };
            if measured > 0 {
                let may_use = f64::from(desired.spec.resources.cpu_millis.unwrap_or(1000));
                let mean = used.iter().sum::<f64>() / f64::from(measured);
                scaler.sampled(100.0 * mean / may_use, measured, scale, Instant::now());
            }
        }
    }

    fn keep_failures(&self) {
        let failed = |(id, memory): (&DeploymentId, &Memory)| Some((*id, memory.failed.clone()?));
        let failures: Failures = self.memories.iter().filter_map(failed).collect();
        self.failures.send_if_modified(|last| {
            let changed = *last != failures;
            *last = failures;
            changed
        });
    }

    /// Says what is to be measured.
    fn measure(&self, deployments: &[DesiredDeployment], all: &[Replica]) {
        let scaling: HashSet<DeploymentId> =
            deployments.iter().filter(|one| one.autoscale.is_some()).map(|one| one.id).collect();
        let runs = |replica: &&Replica| matches!(replica.state, ReplicaState::Running(_));
        let running = all.iter().filter(runs).map(|replica| Running {
            deployment: replica.deployment,
            replica: replica.id.clone(),
            scales: scaling.contains(&replica.deployment),
        });
        self.running.send_replace(running.collect());
    }

    /// Whether a replica serves or will without anybody changing anything, so that requests may wait for it.
    fn is_expected(&self, desired: &DesiredDeployment, wanted: u32, here: &[&Replica]) -> bool {
        let may_start = wanted > 0 || desired.autoscale.is_some();
        let failed = self.memories.get(&desired.id).is_some_and(|memory| memory.has_failed(desired));
        desired.power == Power::Running && may_start && (!failed || here.iter().any(|replica| replica.proven))
    }

    /// Begins what is to be done for a deployment; whether a release of it has just gone live.
    fn advance(
        &mut self,
        runner: &str,
        revision: u64,
        (desired, wanted): (&DesiredDeployment, u32),
        here: &[&Replica],
    ) -> bool {
        let staying = self.staying(desired.id, here);
        let memory = self.memories.entry(desired.id).or_default();
        memory.turn_to(desired.generation, revision);
        let (backends, tasks) = (&self.backends, &self.tasks);
        let situation = Situation {
            desired,
            wanted: wanted as usize,
            here: &staying,
            leaving: staying.len() < here.len(),
            memory,
            place: &|replica| match backends.is_ready(desired.id, replica) {
                None => Place::Out,
                Some(false) => Place::Unready,
                Some(true) => Place::Serving,
            },
            busy: &|target| tasks.is_busy(desired.id, target),
            now: Instant::now(),
        };
        let steps = plan(&situation);
        let ends = settled(&situation) && staying.len() == here.len();
        let news = ends && memory.live != Some(desired.generation);
        let went_live = news && desired.power == Power::Running;
        if news {
            memory.settled(desired.generation);
        }
        if went_live {
            info!("{}: release {} is live", desired.name, desired.release);
        }
        self.watch(desired, &staying);
        for step in steps {
            let work = self.context(runner).perform(desired.clone(), step.clone());
            self.tasks.begin(desired.id, desired.generation, step, work);
        }
        went_live
    }

    /// Images that no deployment needs any more may go.
    fn collect_images(&self, deployments: &[DesiredDeployment]) {
        let remembered = self.memories.values().flat_map(Memory::images);
        // An agent that has just started remembers none, and one that is stopped has no container.
        let desired = deployments.iter().filter_map(|desired| desired.digest.as_ref());
        let keep: Vec<Digest> = remembered.chain(desired).cloned().collect();
        let runtime = self.runtime.clone();
        tokio::spawn(async move { runtime.collect_images(&keep).await });
    }

    /// Watches the replicas of what is desired, as long as they are there.
    fn watch(&mut self, desired: &DesiredDeployment, here: &[&Replica]) {
        let Some(memory) = self.memories.get(&desired.id) else { return };
        let Some(digest) = plan::digest(desired, here, memory) else { return };
        let hash = desired.spec.hash(&digest, desired.restart);
        let asked = |replica: &&&Replica| replica.hash == hash && replica.health == Health::Unasked;
        for replica in here.iter().filter(asked) {
            let of = (desired.id, desired.generation);
            self.watches.begin((&self.runtime, &self.backends), of, &replica.id, &desired.spec);
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
            let target = step.target();
            let may = self.memories.entry(id).or_default().may_try(&target, now);
            if replica.generation >= tombstone.generation || !may || self.tasks.is_busy(id, &target) {
                continue;
            }
            let (context, replica) = (self.context(runner), replica.id.clone());
            let work = async move { context.retire(id, &replica, steps::DRAIN).await };
            self.tasks.begin(id, tombstone.generation, step, work);
        }
    }

    fn context(&self, runner: &str) -> Context<R> {
        Context {
            runtime: self.runtime.clone(),
            backends: self.backends.clone(),
            vault: self.vault.clone(),
            runner: runner.to_owned(),
            missing: self.missing.clone(),
        }
    }

    fn observed(&self, desired: &DesiredDeployment, wanted: u32, here: &[&Replica]) -> ObservedDeployment {
        let nothing = Memory::default();
        let view = View {
            desired,
            here,
            memory: self.memories.get(&desired.id).unwrap_or(&nothing),
            serves: &|replica| self.backends.is_ready(desired.id, replica) == Some(true),
            wanted: desired.autoscale.is_some().then_some(wanted),
            step: self.tasks.rollout(desired.id),
            draining: here.iter().any(|replica| self.tasks.drains(desired.id, &replica.id)),
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
