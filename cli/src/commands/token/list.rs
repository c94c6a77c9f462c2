//! `patr token list`.

use patr_models::token::list::{ListTokens, Path};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List your API tokens.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListTokens, _>(&ctx.client, Path {}, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "WORKSPACE", "CREATED", "EXPIRES", "ID"], |token| {
        let workspace = token.workspace.map_or_else(|| "all".to_owned(), |id| id.to_string());
        let expires = text::or_dash(token.expires_at.map(text::time));
        [token.name.to_string(), workspace, text::time(token.created_at), expires, token.id.to_string()]
    })?;
    ctx.printer.first_step(&page, args, "`patr token create NAME` makes one");
    Ok(Exit::Ok)
}
