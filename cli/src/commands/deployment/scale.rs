//! `patr deployment scale`.

use patr_models::{
    deployment::scale::{Body, Path, ScaleDeployment},
    endpoint::body::Json,
    ids::{DeploymentId, Ref},
};

use crate::{args::deployment::Wait, client::changing, context::Context, failure::Outcome, rollout};

/// Change the number of replicas.
pub(super) async fn scale(
    deployment: Ref<DeploymentId>,
    replicas: u32,
    wait: &Wait,
    ctx: &Context,
) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let changed = ctx
        .client
        .call(changing::<ScaleDeployment>(path, Json(Body { replicas, autoscale: None })))
        .await?
        .body
        .0;
    rollout::follow(changed, wait, ctx).await
}
