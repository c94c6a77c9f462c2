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
    audit::Changes,
    auth::{self, Person, Through},
    ctx::{Ctx, audited, new_secret},
    db::{DbError, tokens},
};

pub(crate) async fn create(ctx: &Ctx, caller: Person, call: Call<CreateToken>) -> Answer<CreateToken> {
    if matches!(caller.through, Through::Job | Through::Client) {
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
    let what = audited::<CreateToken>(token.id, token.name.as_str()).says(made(&token));
    match ctx.write(&caller, what, insert).await {
        Err(error) if error.is_unique("tokens.user_id") => {
            Err(Failure::Api(create::Error::NameTaken { name: token.name.clone() }))
        }
        // A workspace went away meanwhile, or the token that was to make it.
        Err(DbError::Reference) => Err(absent("workspace", "that the token was to open").into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(NewToken { token, secret }))),
    }
}

/// What a token may, from where and when, as a new one has it.
fn made(token: &Token) -> Changes {
    Changes::default()
        .with("workspaces", &token.workspaces)
        .with("networks", &token.networks)
        .with("not_before", &token.not_before)
        .with("expires_at", &token.expires_at)
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
    let token = find(ctx, &caller, &call.path.token).await?.token(ctx.now);
    let former_until = (overlap > 0).then(|| ctx.now + Duration::from_secs(overlap.into()));
    let secret = new_secret(prefix::TOKEN)?;
    let statements =
        vec![tokens::there(token.id), tokens::rotate(token.id, &auth::hash(&secret), former_until)];
    let what = audited::<RotateToken>(token.id, token.name.as_str());
    let what = what.changing("former_until", &token.former_until, &former_until);
    match ctx.write(&caller, what, statements).await {
        Err(DbError::Stale) => Err(absent("token", token.name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Json(NewToken { token: Token { former_until, ..token }, secret }))),
    }
}

pub(crate) async fn revoke(ctx: &Ctx, caller: Person, call: Call<RevokeToken>) -> Answer<RevokeToken> {
    let token = find(ctx, &caller, &call.path.token).await?.token(ctx.now);
    let statements = vec![tokens::there(token.id), tokens::delete(token.id)];
    let what = audited::<RevokeToken>(token.id, token.name.as_str()).says(made(&token).undone());
    match ctx.write(&caller, what, statements).await {
        Err(DbError::Stale) => Err(absent("token", token.name).into()),
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
