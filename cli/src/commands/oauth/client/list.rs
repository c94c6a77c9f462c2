//! `patr oauth client list`.

use patr_models::oauth::list_clients::{ListClients, Path};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome};

/// List the programs that you registered.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListClients, _>(&ctx.client, Path {}, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "KIND", "REDIRECT URIS", "CLIENT ID"], |client| {
        let kind = if client.confidential { "confidential" } else { "public" };
        let uris: Vec<&str> = client.redirect_uris.iter().map(|uri| uri.as_str()).collect();
        [client.name.to_string(), kind.to_owned(), uris.join(" "), client.id.to_string()]
    })?;
    ctx.printer.first_step(&page, args, "`patr oauth client create NAME --redirect-uri URI` makes one");
    Ok(Exit::Ok)
}
