//! `patr volume snapshots`.

use patr_models::{
    ids::{Ref, VolumeId},
    volume::list_snapshots::{ListSnapshots, Path},
};

use crate::{args::PageArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List the snapshots of a volume, newest first.
pub(super) async fn snapshots(volume: Ref<VolumeId>, args: &PageArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, volume: volume.clone() };
    let page = client::list::<ListSnapshots, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["SNAPSHOT", "SIZE", "MADE"], |snapshot| {
        [snapshot.id.to_string(), text::bytes(snapshot.bytes), text::time(snapshot.created_at)]
    })?;
    if page.items.is_empty() && args.after.is_none() {
        ctx.printer.hint(&format!("`patr volume snapshot {volume}` makes one"));
    }
    Ok(Exit::Ok)
}
