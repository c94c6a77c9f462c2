//! `patr secret delete`.

use patr_models::{
    name::Name,
    secret::delete::{DeleteSecret, Path},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Delete every version of a secret.
pub(super) async fn delete(name: Name, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, secret: name.clone() };
    ctx.client.call(plain::<DeleteSecret>(path)).await?;
    ctx.printer.note(&format!("deleted the secret `{name}`"));
    Ok(Exit::Ok)
}
