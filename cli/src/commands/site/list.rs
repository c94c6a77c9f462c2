//! `patr site list`.

use patr_models::site::list::{ListSites, Path};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List sites.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListSites, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "LIVE", "URL", "CHANGED"], |site| {
        [site.name.to_string(), text::or_dash(site.live), site.url.clone(), text::time(site.updated_at)]
    })?;
    ctx.printer.first_step(&page, args, "`patr site deploy DIR --name NAME` makes one");
    Ok(Exit::Ok)
}
