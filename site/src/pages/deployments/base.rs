//! What a form about a deployment began from. A change that somebody else makes meanwhile neither takes away what is being
//! typed nor is undone by it: the API then refuses, and says why.

use leptos::prelude::*;
use patr_models::{
    deployment::{
        Deployment, Generation, WorkloadSpec,
        update::{Body, Path, UpdateDeployment},
    },
    endpoint::body::Json,
    ids::{DeploymentId, Ref},
};

use crate::{
    api::{self, Problem},
    fresh::Fresh,
    here::Here,
};

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Base {
    pub(super) id: DeploymentId,
    pub(super) spec: RwSignal<WorkloadSpec>,
    /// The newest at which the specification is still this one.
    generation: RwSignal<Generation>,
}

impl Base {
    /// Draws a form once it is known what it begins from.
    pub(super) fn draw<V: IntoAny + 'static>(
        deployment: Fresh<Deployment>,
        form: impl Fn(Self, Deployment) -> V + Send + Sync + 'static,
    ) -> AnyView {
        let first = Memo::new(move |before: Option<&Option<Deployment>>| {
            before.cloned().flatten().or_else(|| deployment.known())
        });
        (move || first.get().map(|one| form(Self::begin(deployment, &one), one).into_any())).into_any()
    }

    fn begin(deployment: Fresh<Deployment>, one: &Deployment) -> Self {
        let base = Self {
            id: one.id,
            spec: RwSignal::new(one.spec.clone()),
            generation: RwSignal::new(one.generation),
        };
        Effect::new(move |_| {
            // A restart or another number of replicas is nothing that a form about the specification would undo.
            if let Some(now) = deployment.known().filter(|now| now.spec == base.spec.get()) {
                base.generation.set(now.generation);
            }
        });
        base
    }

    /// Makes a release of another specification.
    pub(super) async fn release(self, here: Here, spec: WorkloadSpec) -> Result<(), Problem> {
        let (workspace, generation) = untrack(|| (here.workspace(), self.generation.get()));
        let path = Path { workspace: workspace?, deployment: Ref::Id(self.id) };
        let body = Json(Body { spec, runners: None, replicas: None, autoscale: None });
        let Json(made) = api::change_from::<UpdateDeployment>(generation, path, body).await?;
        // Gone when somebody has gone elsewhere meanwhile.
        let _ = self.spec.try_set(made.spec);
        let _ = self.generation.try_set(made.generation);
        Ok(())
    }
}
