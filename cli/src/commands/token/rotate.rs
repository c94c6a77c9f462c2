//! `patr token rotate`.

use patr_models::{
    ids::{Ref, TokenId},
    token::rotate::{Body, Path, RotateToken},
};

use super::hand_over;
use crate::{client::with_body, context::Context, failure::Outcome, text};

/// Replace the secret of an API token.
pub(super) async fn rotate(token: Ref<TokenId>, overlap_s: u32, ctx: &Context) -> Outcome {
    let call = with_body::<RotateToken, _>(Path { token }, Body { overlap_s });
    let rotated = ctx.client.call(call).await?.body.0;
    let old = match rotated.token.former_until {
        Some(until) => format!("whose old one is good until {}", text::time(until)),
        None => "whose old one is refused from now on".to_owned(),
    };
    hand_over(&rotated, &format!("this is the new secret of `{}`, {old}", rotated.token.name), ctx)
}
