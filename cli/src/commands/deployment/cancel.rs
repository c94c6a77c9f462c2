//! `patr deployment cancel`.

use patr_models::{
    deployment::cancel::{CancelRollout, Path},
    endpoint::body::NoBody,
    ids::{DeploymentId, Ref},
};

use crate::{args::deployment::Wait, client::changing, context::Context, failure::Outcome, rollout};

/// Call off the rollout that is on its way.
pub(super) async fn cancel(deployment: Ref<DeploymentId>, wait: &Wait, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let changed = ctx.client.call(changing::<CancelRollout>(path, NoBody)).await?.body.0;
    ctx.printer
        .note(&format!("`{}` stays at release {}: {}", changed.name, changed.release, changed.spec.image));
    rollout::follow(changed, wait, ctx).await
}
