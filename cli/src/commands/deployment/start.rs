//! `patr deployment start`.

use patr_models::{
    deployment::start::{Path, StartDeployment},
    endpoint::body::NoBody,
    ids::{DeploymentId, Ref},
};

use crate::{args::deployment::Wait, client::changing, context::Context, failure::Outcome, rollout};

/// Start a stopped deployment.
pub(super) async fn start(deployment: Ref<DeploymentId>, wait: &Wait, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let changed = ctx.client.call(changing::<StartDeployment>(path, NoBody)).await?.body.0;
    rollout::follow(changed, wait, ctx).await
}
