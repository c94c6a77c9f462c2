//! `patr oauth client create`.

use patr_models::{
    name::Name,
    oauth::{
        RedirectUri,
        create_client::{Body, CreateClient, Path},
    },
};

use crate::{client::creating, context::Context, exit_code::Exit, failure::Outcome};

/// Register a program.
pub(super) async fn create(
    name: Name,
    redirect_uris: Vec<RedirectUri>,
    confidential: bool,
    ctx: &Context,
) -> Outcome {
    let body = Body { name, redirect_uris, confidential };
    let made = ctx.client.call(creating::<CreateClient, _>(Path {}, body)).await?.body.0;
    let client = &made.client;
    let mut fields = vec![("name", client.name.to_string()), ("client id", client.id.to_string())];
    fields.extend(made.secret.clone().map(|secret| ("client secret", secret)));
    fields.extend(client.redirect_uris.iter().map(|uri| ("redirect uri", uri.to_string())));
    ctx.printer.item(&made, &fields)?;
    if made.secret.is_some() {
        ctx.printer.note("the secret is not shown again");
    }
    Ok(Exit::Ok)
}
