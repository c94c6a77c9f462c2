//! A client gives a token back (RFC 7009): an access token alone, or with a refresh token all that it was let do.

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use serde_json::json;

use super::{
    client::{Acting, authenticate},
    form::Form,
    json,
    problem::Stop,
};
use crate::{
    auth,
    ctx::{Audited, Ctx},
    db::{
        DbError, Statement,
        oauth::{self, Bearer, Refresh},
    },
};

/// In the audit log.
pub(crate) const GIVEN_BACK: &str = "GiveBackClientToken";

pub(super) async fn answer(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<Response<Bytes>, Stop> {
    let client = authenticate(ctx, parts, form).await?;
    let hash = auth::hash(form.required("token")?);
    let name = client.name.as_str();
    let access: Option<Bearer> = ctx.db.optional(oauth::by_hash(&hash, ctx.now)).await?;
    if let Some(access) = access.filter(|access| access.client_id == client.id) {
        let who = Acting { user: access.user_id, token: Some(access.id) };
        let what = Audited::new(GIVEN_BACK, access.id, name);
        end(ctx, &who, what, vec![oauth::forget(&hash)]).await?;
    }
    let refresh: Option<Refresh> = ctx.db.optional(oauth::refresh(&hash)).await?;
    if let Some(refresh) = refresh.filter(|refresh| refresh.client_id == client.id) {
        let who = Acting { user: refresh.user_id, token: None };
        let what = Audited::new(GIVEN_BACK, refresh.authorization_id, name);
        end(ctx, &who, what, oauth::authorization_delete(refresh.authorization_id).to_vec()).await?;
    }
    // What is not there is as good as given back (2.2).
    Ok(json(StatusCode::OK, &json!({}))?)
}

async fn end(ctx: &Ctx, who: &Acting, what: Audited<'_>, statements: Vec<Statement>) -> Result<(), DbError> {
    match ctx.write(who, what, statements).await {
        // Somebody else was faster.
        Err(DbError::Stale) => Ok(()),
        outcome => outcome,
    }
}
