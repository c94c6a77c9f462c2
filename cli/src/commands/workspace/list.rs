//! `patr workspace list`.

use patr_models::workspace::list::{ListWorkspaces, Path};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List your workspaces.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListWorkspaces, _>(&ctx.client, Path {}, args.query(), args.most()).await?;
    let chosen = ctx.chosen_workspace().map(ToString::to_string);
    ctx.printer.list(&page, ["NAME", "IN USE", "CREATED", "ID"], |workspace| {
        let id = workspace.id.to_string();
        let used = chosen.as_ref().is_some_and(|chosen| *chosen == id || chosen == workspace.name.as_str());
        let used = if used { "yes" } else { "" };
        [workspace.name.to_string(), used.to_owned(), text::time(workspace.created_at), id]
    })?;
    ctx.printer.first_step(&page, args, "`patr workspace create NAME` makes one");
    Ok(Exit::Ok)
}
