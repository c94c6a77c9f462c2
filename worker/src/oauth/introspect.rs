//! What a token is good for (RFC 7662). A client learns it of its own tokens only, and one without a secret of none: anybody
//! could name itself so.

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use serde_json::json;

use super::{
    client::authenticate,
    form::Form,
    json,
    problem::{Problem, Stop},
};
use crate::{
    auth,
    ctx::Ctx,
    db::oauth::{self, Bearer, Refresh},
};

pub(super) async fn answer(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<Response<Bytes>, Stop> {
    let client = authenticate(ctx, parts, form).await?;
    if client.secret_hash.is_none() {
        return Err(Problem::invalid_client().into());
    }
    let hash = auth::hash(form.required("token")?);
    let access: Option<Bearer> = ctx.db.optional(oauth::by_hash(&hash, ctx.now)).await?;
    if let Some(access) = access.filter(|access| access.client_id == client.id) {
        let workspaces: Vec<_> = access.openings.iter().map(|opening| opening.workspace).collect();
        return Ok(json(
            StatusCode::OK,
            &json!({
                "active": true,
                "token_type": "Bearer",
                "scope": access.scope,
                "client_id": access.client_id,
                "sub": access.user_id,
                "iss": ctx.settings.control_url(),
                "iat": access.created_at.0 / 1000,
                "exp": access.expires_at.0 / 1000,
                "jti": access.id,
                "workspaces": workspaces,
            }),
        )?);
    }
    let refresh: Option<Refresh> = ctx.db.optional(oauth::refresh(&hash)).await?;
    let good =
        |refresh: &Refresh| refresh.client_id == client.id && !refresh.used && refresh.expires_at > ctx.now;
    Ok(match refresh.filter(good) {
        Some(refresh) => json(
            StatusCode::OK,
            &json!({
                "active": true,
                "scope": refresh.scope,
                "client_id": refresh.client_id,
                "sub": refresh.user_id,
                "iss": ctx.settings.control_url(),
                "exp": refresh.expires_at.0 / 1000,
            }),
        )?,
        None => json(StatusCode::OK, &json!({ "active": false }))?,
    })
}
