//! `patr token list`.

use patr_models::token::list::{ListTokens, Path};

use super::workspaces;
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List your API tokens.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListTokens, _>(&ctx.client, Path {}, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "WORKSPACES", "LAST USED", "EXPIRES", "ID"], |token| {
        let used = token.last_used.as_ref().map_or_else(|| "never".to_owned(), |used| text::time(used.at));
        let expires = text::or_dash(token.expires_at.map(text::time));
        [token.name.to_string(), workspaces(token), used, expires, token.id.to_string()]
    })?;
    ctx.printer.first_step(&page, args, "`patr token create NAME` makes one");
    Ok(Exit::Ok)
}
