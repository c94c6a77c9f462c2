//! `patr member invite`.

use std::time::Duration;

use patr_models::{
    ids::{Ref, RoleId},
    invitation::create::{Body, CreateInvitation, Path},
    name::Email,
};

use super::names;
use crate::{client::creating, context::Context, exit_code::Exit, failure::Outcome, text};

/// Make a link: on stdout, the rest to people.
pub(super) async fn invite(
    roles: Vec<Ref<RoleId>>,
    email: Option<Email>,
    expires_in: Option<Duration>,
    ctx: &Context,
) -> Outcome {
    let lasts_s = expires_in.map(|time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX));
    let path = Path { workspace: ctx.workspace()? };
    let call = creating::<CreateInvitation, _>(path, Body { roles, email, lasts_s });
    let made = ctx.client.call(call).await?.body.0;
    ctx.printer.answer(&made, Some(&made.link))?;
    let invitation = &made.invitation;
    let who = invitation.email.as_ref().map_or_else(|| "whoever has it".to_owned(), ToString::to_string);
    ctx.printer.note(&format!(
        "makes {who} {}, once, until {}; it is not shown again",
        names(&invitation.roles),
        text::time(invitation.expires_at)
    ));
    ctx.printer.hint("send it to them; they use it with `patr join`");
    Ok(Exit::Ok)
}
