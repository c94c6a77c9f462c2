//! `patr url list`.

use patr_models::managed_url::list::{ListUrls, Path};

use super::target;
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome};

/// List managed URLs.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListUrls, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["URL", "LEADS TO", "AUTOMATIC", "ID"], |url| {
        let automatic = if url.automatic { "yes" } else { "" };
        [url.url.clone(), target(&url.target), automatic.to_owned(), url.id.to_string()]
    })?;
    ctx.printer.first_step(&page, args, "`patr url add HOST --deployment NAME` makes one");
    Ok(Exit::Ok)
}
