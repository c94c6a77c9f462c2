//! `patr volume delete-snapshot`.

use patr_models::{
    ids::{Ref, SnapshotId, VolumeId},
    volume::delete_snapshot::{DeleteSnapshot, Path},
};

use crate::{client::plain, commands::confirm, context::Context, exit_code::Exit, failure::Outcome};

/// Delete a snapshot.
pub(super) async fn delete_snapshot(
    volume: Ref<VolumeId>,
    snapshot: SnapshotId,
    yes: bool,
    ctx: &Context,
) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, volume: volume.clone(), snapshot };
    let what = format!("deletes the snapshot {snapshot} of the volume `{volume}`");
    confirm::by_name(&what, &volume.to_string(), yes, ctx)?;
    ctx.client.call(plain::<DeleteSnapshot>(path)).await?;
    ctx.printer.note(&format!("deleted the snapshot {snapshot} of `{volume}`"));
    Ok(Exit::Ok)
}
