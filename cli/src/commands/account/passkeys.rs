//! `patr account passkey`.

use patr_models::{
    ids::PasskeyId,
    page::Page,
    passkey::remove::{self, RemovePasskey},
    second_factor::get::{self, GetSecondFactors},
};

use crate::{
    client::plain, commands::proof::proved, context::Context, exit_code::Exit, failure::Outcome, text,
};

pub(super) async fn list(ctx: &Context) -> Outcome {
    let items = ctx.client.call(plain::<GetSecondFactors>(get::Path {})).await?.body.0.passkeys;
    let none = items.is_empty();
    ctx.printer.list(&Page { items, next: None }, ["NAME", "ADDED", "LAST USED", "ID"], |passkey| {
        let used = text::or_dash(passkey.last_used_at.map(text::time));
        [passkey.name.to_string(), text::time(passkey.created_at), used, passkey.id.to_string()]
    })?;
    if none {
        ctx.printer.hint(&format!("a browser adds one: {}/account", ctx.client.base()));
    }
    Ok(Exit::Ok)
}

pub(super) async fn remove(id: PasskeyId, ctx: &Context) -> Outcome {
    proved(ctx, || plain::<RemovePasskey>(remove::Path { passkey: id })).await?;
    ctx.printer.note(&format!("removed the passkey {id}"));
    Ok(Exit::Ok)
}
