//! `patr oauth client delete`.

use patr_models::{
    ids::{ClientId, Ref},
    oauth::delete_client::{DeleteClient, Path},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Delete a program.
pub(super) async fn delete(client: Ref<ClientId>, ctx: &Context) -> Outcome {
    ctx.client.call(plain::<DeleteClient>(Path { client: client.clone() })).await?;
    ctx.printer.note(&format!("deleted `{client}`: its tokens are refused from now on"));
    Ok(Exit::Ok)
}
