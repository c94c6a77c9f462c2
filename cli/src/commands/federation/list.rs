//! `patr federation list`.

use patr_models::federation::list::{ListFederations, Path};

use super::{conditions, roles};
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome};

/// List whose jobs the workspace trusts.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListFederations, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "ISSUER", "CLAIMS", "ROLES"], |one| {
        [one.name.to_string(), one.issuer.to_string(), conditions(one), roles(one)]
    })?;
    ctx.printer.first_step(&page, args, "`patr federation add NAME --github OWNER/REPOSITORY` makes one");
    Ok(Exit::Ok)
}
