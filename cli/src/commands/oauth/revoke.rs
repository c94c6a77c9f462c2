//! `patr oauth revoke`.

use patr_models::{
    ids::AuthorizationId,
    oauth::revoke_authorization::{Path, RevokeAuthorization},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Let a program do nothing more.
pub(super) async fn revoke(authorization: AuthorizationId, ctx: &Context) -> Outcome {
    ctx.client.call(plain::<RevokeAuthorization>(Path { authorization })).await?;
    ctx.printer.note(&format!("revoked `{authorization}`: its tokens are refused from now on"));
    Ok(Exit::Ok)
}
