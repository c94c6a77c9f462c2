//! `patr federation list`.

use patr_models::federation::{
    Federation,
    list::{ListFederations, Path},
};

use super::{condition, names};
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome};

/// List whose jobs the workspace trusts.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListFederations, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "ISSUER", "CLAIMS", "ROLES", "ID"], |one| {
        let id = one.id.to_string();
        [one.name.to_string(), one.issuer.to_string(), conditions(one), names(&one.roles), id]
    })?;
    ctx.printer.first_step(
        &page,
        args,
        "`patr federation add NAME --github OWNER/REPOSITORY --role ROLE` makes one",
    );
    Ok(Exit::Ok)
}

fn conditions(federation: &Federation) -> String {
    let all: Vec<_> =
        federation.conditions.iter().map(|(claim, pattern)| condition(claim, pattern)).collect();
    all.join(" ")
}
