//! A client gives a token back (RFC 7009): an access token alone, or with a refresh token all that it was let do.

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use serde_json::json;

use super::{client::authenticate, form::Form, json, problem::Stop};
use crate::{
    auth,
    ctx::Ctx,
    db::oauth::{self, Bearer, Refresh},
};

pub(super) async fn answer(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<Response<Bytes>, Stop> {
    let client = authenticate(ctx, parts, form).await?;
    let hash = auth::hash(form.required("token")?);
    let access: Option<Bearer> = ctx.db.optional(oauth::by_hash(&hash, ctx.now)).await?;
    if access.is_some_and(|access| access.client_id == client.id) {
        ctx.db.batch(vec![oauth::forget(&hash)]).await?;
    }
    let refresh: Option<Refresh> = ctx.db.optional(oauth::refresh(&hash)).await?;
    if let Some(refresh) = refresh.filter(|refresh| refresh.client_id == client.id) {
        ctx.db.batch(vec![oauth::authorization_delete(refresh.authorization_id)]).await?;
    }
    // What is not there is as good as given back (2.2).
    Ok(json(StatusCode::OK, &json!({}))?)
}
