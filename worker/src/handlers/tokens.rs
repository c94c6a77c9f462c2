//! API tokens.

mod limits;

use std::time::Duration;

use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{Ref, TokenId},
    token::{
        NewToken, OVERLAP_MAX_S, Token,
        create::{self, CreateToken},
        get::GetToken,
        list::ListTokens,
        revoke::RevokeToken,
        rotate::{self, RotateToken},
    },
};

use super::{absent, check_cursor, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::{self, Person, Through},
    ctx::{Ctx, audited, new_secret},
    db::{DbError, tokens},
};

pub(crate) async fn create(ctx: &Ctx, caller: Person, call: Call<CreateToken>) -> Answer<CreateToken> {
    if caller.through == Through::Job {
        return Err(Failure::Api(create::Error::NotByThis));
    }
    let body = call.body.0;
    let workspaces = limits::openings(ctx, &caller, body.workspaces).await?;
    limits::check(ctx.now, &caller, body.expires_at, body.not_before, &body.networks)
        .map_err(Failure::Api)?;
    let token = Token {
        id: ctx.id()?,
        name: body.name,
        workspaces,
        networks: body.networks,
        made_by: caller.token,
        created_at: ctx.now,
        not_before: body.not_before,
        expires_at: body.expires_at,
        former_until: None,
        last_used: None,
    };
    let secret = new_secret(prefix::TOKEN)?;
    ctx.repeat_with(&create::Error::AlreadyMade { id: token.id, name: token.name.clone() });
    let insert = tokens::insert(&token, caller.user, &auth::hash(&secret));
    match ctx.write(&caller, audited::<CreateToken>(token.id, token.name.as_str()), insert).await {
        Err(error) if error.is_unique("tokens.user_id") => {
            Err(Failure::Api(create::Error::NameTaken { name: token.name.clone() }))
        }
        // A workspace went away meanwhile, or the token that was to make it.
        Err(DbError::Reference) => Err(absent("workspace", "that the token was to open").into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(NewToken { token, secret }))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Person, call: Call<ListTokens>) -> Answer<ListTokens> {
    check_cursor::<TokenId>(&call.query)?;
    let rows: Vec<tokens::Row> = ctx.db.fetch(tokens::list(caller.user, caller.token, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), |row| row.token(ctx.now)))))
}

pub(crate) async fn get(ctx: &Ctx, caller: Person, call: Call<GetToken>) -> Answer<GetToken> {
    let row = find(ctx, &caller, &call.path.token).await?;
    Ok(Reply::new(Json(row.token(ctx.now))))
}

pub(crate) async fn rotate(ctx: &Ctx, caller: Person, call: Call<RotateToken>) -> Answer<RotateToken> {
    let overlap = call.body.0.overlap_s;
    if overlap > OVERLAP_MAX_S {
        return Err(Failure::Api(rotate::Error::OverlapTooLong { max: OVERLAP_MAX_S }));
    }
    let row = find(ctx, &caller, &call.path.token).await?;
    let former_until = (overlap > 0).then(|| ctx.now + Duration::from_secs(overlap.into()));
    let secret = new_secret(prefix::TOKEN)?;
    let statements = vec![tokens::there(row.id), tokens::rotate(row.id, &auth::hash(&secret), former_until)];
    match ctx.write(&caller, audited::<RotateToken>(row.id, row.name.as_str()), statements).await {
        Err(DbError::Stale) => Err(absent("token", row.name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => {
            let token = Token { former_until, ..row.token(ctx.now) };
            Ok(Reply::new(Json(NewToken { token, secret })))
        }
    }
}

pub(crate) async fn revoke(ctx: &Ctx, caller: Person, call: Call<RevokeToken>) -> Answer<RevokeToken> {
    let row = find(ctx, &caller, &call.path.token).await?;
    let statements = vec![tokens::there(row.id), tokens::delete(row.id)];
    match ctx.write(&caller, audited::<RevokeToken>(row.id, row.name.as_str()), statements).await {
        Err(DbError::Stale) => Err(absent("token", row.name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

/// A token that the caller may see, and so change: every one of a person who has logged in; of a token, itself and those
/// that it made. With more, a narrow token could give itself the secret of a wide one.
async fn find(ctx: &Ctx, caller: &Person, reference: &Ref<TokenId>) -> Result<tokens::Row, Refused> {
    let found = ctx.db.optional(tokens::get(caller.user, reference, caller.token)).await?;
    found.ok_or_else(|| absent("token", reference).into())
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
