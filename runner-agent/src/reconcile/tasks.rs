//! The steps under way, at most one for each target.

use std::collections::HashMap;

use patr_models::{deployment::Generation, ids::DeploymentId};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::{
    plan::{Step, Target},
    steps::Outcome,
};

struct Task {
    step: Step,
    generation: Generation,
    handle: AbortHandle,
}

/// A step that has ended.
pub(super) struct Ended {
    pub(super) deployment: DeploymentId,
    pub(super) step: Step,
    pub(super) generation: Generation,
    pub(super) outcome: Outcome,
}

/// Steps, each in a task of its own, so that one that hangs holds up no other. All end with this.
#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<Outcome>,
    known: HashMap<(DeploymentId, Target), Task>,
}

impl Tasks {
    pub(super) fn begin(
        &mut self,
        deployment: DeploymentId,
        generation: Generation,
        step: Step,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) {
        let target = step.target();
        let handle = self.running.spawn(work);
        self.known.insert((deployment, target), Task { step, generation, handle });
    }

    pub(super) fn is_busy(&self, deployment: DeploymentId, target: &Target) -> bool {
        self.known.contains_key(&(deployment, target.clone()))
    }

    /// The rollout's step of a deployment.
    pub(super) fn rollout(&self, deployment: DeploymentId) -> Option<&Step> {
        self.known.get(&(deployment, Target::Rollout)).map(|task| &task.step)
    }

    /// Whether a replica is on its way out.
    pub(super) fn leaves(&self, deployment: DeploymentId, replica: &str) -> bool {
        let task = self.known.get(&(deployment, Target::Replica(replica.to_owned())));
        task.is_some_and(|task| matches!(task.step, Step::Retire { .. } | Step::Bury { .. }))
    }

    /// Whether a replica is being taken out, to be removed or kept.
    pub(super) fn drains(&self, deployment: DeploymentId, replica: &str) -> bool {
        let task = self.known.get(&(deployment, Target::Replica(replica.to_owned())));
        task.is_some_and(|task| {
            matches!(task.step, Step::Retire { .. } | Step::Bury { .. } | Step::Shelve { .. })
        })
    }

    /// Gives up a rollout's step that was begun for an older generation; what it leaves behind is found by its
    /// labels.
    pub(super) fn supersede(&mut self, deployment: DeploymentId, generation: Generation) {
        let slot = (deployment, Target::Rollout);
        if let Some(task) = self.known.get(&slot).filter(|task| task.generation < generation) {
            task.handle.abort();
            self.known.remove(&slot);
        }
    }

    /// The next step that ends; `None` while there are none.
    pub(super) async fn ended(&mut self) -> Option<Option<Ended>> {
        let joined = self.running.join_next_with_id().await?;
        Some(self.take(joined))
    }

    /// A step that has ended by now.
    pub(super) fn ended_already(&mut self) -> Option<Option<Ended>> {
        let joined = self.running.try_join_next_with_id()?;
        Some(self.take(joined))
    }

    /// Nothing of a step that was given up: it says nothing about the one that took its place.
    fn take(&mut self, joined: Result<(Id, Outcome), JoinError>) -> Option<Ended> {
        let id = joined.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let slot = self.known.iter().find(|(_, task)| task.handle.id() == id)?.0.clone();
        let task = self.known.remove(&slot)?;
        let (deployment, _) = slot;
        let (step, generation) = (task.step, task.generation);
        joined.ok().map(|(_, outcome)| Ended { deployment, step, generation, outcome })
    }
}
