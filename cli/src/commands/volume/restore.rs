//! `patr volume restore`.

use patr_models::{
    ids::{Ref, SnapshotId, VolumeId},
    volume::restore::{Body, Path, RestoreVolume},
};

use crate::{
    client::{LONG_ANSWER, with_body},
    commands::confirm,
    context::Context,
    exit_code::Exit,
    failure::Outcome,
};

/// Put back what a volume was when a snapshot was made.
pub(super) async fn restore(
    volume: Ref<VolumeId>,
    snapshot: SnapshotId,
    yes: bool,
    ctx: &Context,
) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, volume: volume.clone() };
    let what = format!("replaces all that is in the volume `{volume}` by the snapshot {snapshot}");
    confirm::by_name(&what, &volume.to_string(), yes, ctx)?;
    let mut line = ctx.printer.status();
    line.set(&format!("restoring `{volume}`"));
    let call = with_body::<RestoreVolume, _>(path, Body { snapshot });
    let restored = ctx.client.call_within(call, LONG_ANSWER).await;
    drop(line);
    restored?;
    ctx.printer.note(&format!("`{volume}` is what it was in {snapshot}"));
    Ok(Exit::Ok)
}
