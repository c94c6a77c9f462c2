//! `patr member invitations`.

use patr_models::invitation::list::{ListInvitations, Path};

use super::names;
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List invitations that have not been used.
pub(super) async fn invitations(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListInvitations, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["FOR", "ROLES", "BY", "EXPIRES", "ID"], |invitation| {
        let whose = invitation.email.as_ref().map_or_else(|| "anybody".to_owned(), ToString::to_string);
        let (by, expires) = (invitation.created_by.to_string(), text::time(invitation.expires_at));
        [whose, names(&invitation.roles), by, expires, invitation.id.to_string()]
    })?;
    ctx.printer.first_step(&page, args, "`patr member invite ROLE` makes one");
    Ok(Exit::Ok)
}
