//! `patr token revoke`.

use patr_models::{
    ids::{Ref, TokenId},
    token::revoke::{Path, RevokeToken},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Revoke an API token.
pub(super) async fn revoke(token: Ref<TokenId>, ctx: &Context) -> Outcome {
    ctx.client.call(plain::<RevokeToken>(Path { token: token.clone() })).await?;
    ctx.printer.note(&format!("revoked the token `{token}`"));
    Ok(Exit::Ok)
}
