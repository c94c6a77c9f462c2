//! `patr volume list`.

use patr_models::volume::list::{ListVolumes, Path};

use super::{state, users};
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List volumes.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListVolumes, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "STATE", "SIZE", "RUNNER", "USED BY"], |volume| {
        [
            volume.name.to_string(),
            state(volume),
            text::or_dash(volume.bytes.map(text::bytes)),
            volume.runner_name.to_string(),
            users(volume),
        ]
    })?;
    ctx.printer.first_step(
        &page,
        args,
        "`patr volume create NAME` makes one, and so does `patr deploy --volume`",
    );
    Ok(Exit::Ok)
}
