//! `patr deployment rollback`.

use patr_models::{
    deployment::{
        ReleaseNumber,
        rollback::{Body, Path, RollBackDeployment},
    },
    endpoint::body::Json,
    ids::{DeploymentId, Ref},
};

use crate::{args::deployment::Wait, client::changing, context::Context, failure::Outcome, rollout};

/// Make an earlier release current again.
pub(super) async fn rollback(
    deployment: Ref<DeploymentId>,
    release: Option<ReleaseNumber>,
    wait: &Wait,
    ctx: &Context,
) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let changed = ctx.client.call(changing::<RollBackDeployment>(path, Json(Body { release }))).await?.body.0;
    ctx.printer
        .note(&format!("`{}` goes to release {}: {}", changed.name, changed.release, changed.spec.image));
    rollout::follow(changed, wait, ctx).await
}
