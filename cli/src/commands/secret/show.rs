//! `patr secret show`.

use patr_models::{
    name::Name,
    secret::get::{GetSecret, Path},
};

use super::users;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Show a secret and what uses it, without its value.
pub(super) async fn show(name: Name, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, secret: name };
    let secret = ctx.client.call(plain::<GetSecret>(path)).await?.body.0;
    let fields = [
        ("name", secret.name.to_string()),
        ("version", secret.version.to_string()),
        ("used by", users(&secret)),
        ("set", text::time(secret.updated_at)),
        ("created", text::time(secret.created_at)),
    ];
    ctx.printer.item(&secret, &fields)?;
    Ok(Exit::Ok)
}
