//! `patr audit list`.

use patr_models::audit::list::{ListAudit, Path};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List what was done in the workspace, newest first.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListAudit, _>(
        &ctx.client,
        Path { workspace: ctx.workspace()? },
        args.query(),
        args.most(),
    );
    ctx.printer.list(&page.await?, ["AT", "ACTION", "NAME", "RESOURCE", "USER", "TOKEN"], |entry| {
        [
            text::time(entry.at),
            entry.action.clone(),
            entry.name.clone(),
            entry.resource.clone(),
            entry.user.to_string(),
            text::or_dash(entry.token),
        ]
    })?;
    Ok(Exit::Ok)
}
