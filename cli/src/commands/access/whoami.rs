//! `patr whoami`.

use patr_models::{
    user::who_am_i::{Path, WhoAmI},
    workspace::get::{self, GetWorkspace},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Show who you are, where.
pub(crate) async fn whoami(ctx: &Context) -> Outcome {
    let user = ctx.client.call(plain::<WhoAmI>(Path {})).await?.body.0;
    let workspace = workspace(ctx).await;
    let fields = [
        ("email", user.email.to_string()),
        ("id", user.id.to_string()),
        ("installation", ctx.client.base().to_owned()),
        ("workspace", text::or_dash(workspace)),
    ];
    ctx.printer.item(&user, &fields)?;
    Ok(Exit::Ok)
}

/// What is saved is an id, and people know names. It may also be gone by now.
async fn workspace(ctx: &Context) -> Option<String> {
    // The JSON is the account alone.
    let chosen = ctx.chosen_workspace().filter(|_| !ctx.printer.is_json())?;
    let call = plain::<GetWorkspace>(get::Path { workspace: chosen.clone() });
    Some(match ctx.client.call(call).await {
        Ok(reply) => reply.body.0.name.to_string(),
        Err(error) if error.is("not_found") => format!("{chosen}, which is not there"),
        Err(_) => chosen.to_string(),
    })
}
