//! `patr deployment scale`.

use patr_models::{
    deployment::scale::{Body, Path, ScaleDeployment},
    endpoint::body::Json,
};

use super::autoscale;
use crate::{args::deployment::Scale, client::changing, context::Context, failure::Outcome, rollout};

/// Change the number of replicas, or between which numbers the runner chooses.
pub(super) async fn scale(args: Scale, ctx: &Context) -> Outcome {
    let Scale { name, replicas, max, scaling, wait } = args;
    let autoscale = autoscale::given(max, &scaling, None, replicas)?;
    let path = Path { workspace: ctx.workspace()?, deployment: name };
    let body = Json(Body { replicas, autoscale });
    let changed = ctx.client.call(changing::<ScaleDeployment>(path, body)).await?.body.0;
    rollout::follow(changed, &wait, ctx).await
}
