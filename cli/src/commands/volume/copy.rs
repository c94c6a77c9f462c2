//! `patr volume copy`.

use patr_models::{
    ids::{Ref, RunnerId, SnapshotId, VolumeId},
    name::Name,
    volume::copy::{Body, CopyVolume, Path},
};

use super::answer;
use crate::{
    client::{LONG_ANSWER, creating},
    commands::suggest,
    context::Context,
    failure::Outcome,
};

/// Make a volume with the same contents.
pub(super) async fn copy(
    volume: Ref<VolumeId>,
    name: Name,
    runner: Option<Ref<RunnerId>>,
    snapshot: Option<SnapshotId>,
    ctx: &Context,
) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, volume: volume.clone() };
    let body = Body { name, runner: runner.clone(), snapshot };
    let mut line = ctx.printer.status();
    line.set(&format!("copying `{volume}`"));
    let made = ctx.client.call_within(creating::<CopyVolume, _>(path, body), LONG_ANSWER).await;
    drop(line);
    let made = suggest::nearest(made.map_err(Into::into), runner.as_ref(), ctx).await?.body.0;
    ctx.printer.note(&format!("copied `{volume}` to `{}` on the runner `{}`", made.name, made.runner_name));
    answer(&made, ctx)
}
