//! `patr whoami`.

use patr_models::user::who_am_i::{Path, WhoAmI};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Show who you are, where.
pub(crate) async fn whoami(ctx: &Context) -> Outcome {
    let user = ctx.client.call(plain::<WhoAmI>(Path {})).await?.body.0;
    let fields = [
        ("email", user.email.to_string()),
        ("id", user.id.to_string()),
        ("installation", ctx.client.base().to_owned()),
        ("workspace", text::or_dash(ctx.chosen_workspace())),
    ];
    ctx.printer.item(&user, &fields)?;
    Ok(Exit::Ok)
}
