//! `patr deployment restart`.

use patr_models::{
    deployment::restart::{Path, RestartDeployment},
    endpoint::body::NoBody,
    ids::{DeploymentId, Ref},
};

use crate::{args::deployment::Wait, client::changing, context::Context, failure::Outcome, rollout};

/// Replace every replica by a new one, without a gap.
pub(super) async fn restart(deployment: Ref<DeploymentId>, wait: &Wait, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let changed = ctx.client.call(changing::<RestartDeployment>(path, NoBody)).await?.body.0;
    rollout::follow(changed, wait, ctx).await
}
