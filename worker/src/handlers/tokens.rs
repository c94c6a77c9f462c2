//! API tokens.

use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::WorkspaceId,
    token::{
        Token,
        create::{self, CreateToken, NewToken},
        list::ListTokens,
        revoke::RevokeToken,
    },
};

use super::{absent, page};
use crate::{
    answer::{Answer, Failure},
    auth::{self, Person},
    ctx::{Ctx, audited, new_secret},
    db::{tokens, workspaces},
};

pub(crate) async fn create(ctx: &Ctx, caller: Person, call: Call<CreateToken>) -> Answer<CreateToken> {
    let create::Body { name, workspace, expires_at } = call.body.0;
    let workspace: Option<WorkspaceId> = match workspace {
        None => None,
        Some(reference) => {
            let found = ctx.db.optional(workspaces::membership(caller.user, &reference)).await?;
            let found: workspaces::Membership = found.ok_or_else(|| absent("workspace", &reference))?;
            Some(found.id)
        }
    };
    if caller.only.is_some() && caller.only != workspace {
        return Err(Failure::Api(create::Error::Wider));
    }
    if let Some(at) = expires_at.filter(|at| *at <= ctx.now) {
        return Err(Failure::Api(create::Error::AlreadyExpired { at }));
    }
    let token = Token { id: ctx.id()?, name, workspace, created_at: ctx.now, expires_at };
    let secret = new_secret(prefix::TOKEN)?;
    let insert = tokens::insert(&token, caller.user, &auth::hash(&secret));
    match ctx.write(&caller, audited::<CreateToken>(token.id, token.name.as_str()), vec![insert]).await {
        Err(error) if error.is_unique("tokens.user_id") => {
            Err(Failure::Api(create::Error::NameTaken { name: token.name.clone() }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(NewToken { token, secret }))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Person, call: Call<ListTokens>) -> Answer<ListTokens> {
    let rows: Vec<tokens::Row> = ctx.db.fetch(tokens::list(caller.user, caller.only, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), Into::into))))
}

pub(crate) async fn revoke(ctx: &Ctx, caller: Person, call: Call<RevokeToken>) -> Answer<RevokeToken> {
    let found = ctx.db.optional(tokens::get(caller.user, &call.path.token, caller.only)).await?;
    let row: tokens::Row = found.ok_or_else(|| absent("token", &call.path.token))?;
    ctx.write(&caller, audited::<RevokeToken>(row.id, row.name.as_str()), vec![tokens::delete(row.id)])
        .await?;
    Ok(Reply::new(NoContent))
}
