//! `patr oauth authorizations`.

use patr_models::{
    oauth::{
        Authorization,
        list_authorizations::{ListAuthorizations, Path},
    },
    token::Opening,
};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// How long a list of permissions may be in a table.
const WIDTH: usize = 40;

/// List the programs that you have let act for you.
pub(super) async fn authorizations(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListAuthorizations, _>(&ctx.client, Path {}, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["PROGRAM", "MAY", "WORKSPACES", "SINCE", "LAST RENEWED", "ID"], |one| {
        [
            one.client_name.to_string(),
            may(one),
            workspaces(&one.workspaces),
            text::time(one.created_at),
            text::or_dash(one.renewed_at.map(text::time)),
            one.id.to_string(),
        ]
    })?;
    Ok(Exit::Ok)
}

/// What it may. It was asked for once, so that it is the same in each workspace.
fn may(authorization: &Authorization) -> String {
    let grants = authorization.workspaces.first().and_then(|opening| opening.grants.as_ref());
    let names: Vec<&str> = grants.into_iter().flatten().map(|grant| grant.permission.as_str()).collect();
    text::shortened(&names.join(" "), WIDTH)
}

fn workspaces(all: &[Opening]) -> String {
    match all {
        [Opening { workspace, .. }] => workspace.to_string(),
        several => text::counted(several.len(), "workspace"),
    }
}
