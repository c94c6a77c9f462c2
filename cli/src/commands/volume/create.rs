//! `patr volume create`.

use patr_models::{
    ids::{Ref, RunnerId},
    name::Name,
    volume::create::{Body, CreateVolume, Path},
};

use super::answer;
use crate::{
    client::creating,
    commands::{runner, suggest},
    context::Context,
    failure::Outcome,
};

/// Make a volume on a runner.
pub(super) async fn create(
    name: Name,
    runner: Option<Ref<RunnerId>>,
    shared: bool,
    ctx: &Context,
) -> Outcome {
    let runner = runner::given_or_only(runner.as_ref(), ctx).await?;
    let path = Path { workspace: ctx.workspace()? };
    let body = Body { name, runner: runner.clone(), shared };
    let made = ctx.client.call(creating::<CreateVolume, _>(path, body)).await;
    let made = suggest::nearest(made.map_err(Into::into), Some(&runner), ctx).await?.body.0;
    ctx.printer.note(&format!("made the volume `{}` on the runner `{}`", made.name, made.runner_name));
    answer(&made, ctx)
}
