//! `patr volume delete`.

use patr_models::{
    ids::{Ref, VolumeId},
    volume::delete::{DeleteVolume, Path},
};

use crate::{client::plain, commands::confirm, context::Context, exit_code::Exit, failure::Outcome};

/// Delete a volume, all that is in it and its snapshots.
pub(super) async fn delete(volume: Ref<VolumeId>, yes: bool, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, volume: volume.clone() };
    let what = format!("deletes the volume `{volume}`, all that is in it and its snapshots");
    confirm::by_name(&what, &volume.to_string(), yes, ctx)?;
    ctx.client.call(plain::<DeleteVolume>(path)).await?;
    ctx.printer.note(&format!("deleted the volume `{volume}`"));
    Ok(Exit::Ok)
}
