//! `patr member list`.

use patr_models::member::list::{ListMembers, Path};

use super::names;
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List the people in a workspace.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListMembers, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["EMAIL", "ROLES", "JOINED", "ID"], |member| {
        let id = member.user.to_string();
        [member.email.to_string(), names(&member.roles), text::time(member.joined_at), id]
    })?;
    Ok(Exit::Ok)
}
