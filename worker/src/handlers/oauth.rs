//! Clients of others, and what people have let them do. What the clients themselves ask is in [`crate::oauth`].

use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{AuthorizationId, ClientId, Id},
    oauth::{
        Authorization, CLIENTS_MAX, Client, REDIRECTS_MAX,
        create_client::{CreateClient, Error, NewClient},
        delete_client::DeleteClient,
        list_authorizations::ListAuthorizations,
        list_clients::ListClients,
        revoke_authorization::RevokeAuthorization,
    },
};

use super::{absent, check_cursor, page};
use crate::{
    answer::{Answer, Failure},
    auth::{self, Person, proof},
    ctx::{Ctx, audited, new_secret},
    db::{
        DbError,
        oauth::{self as db, AuthorizationRow, ClientRow},
        users::Count,
    },
};

pub(crate) async fn create(ctx: &Ctx, caller: Person, call: Call<CreateClient>) -> Answer<CreateClient> {
    proof::login_only(&caller)?;
    let body = call.body.0;
    if body.redirect_uris.is_empty() || body.redirect_uris.len() > REDIRECTS_MAX {
        return Err(Failure::Api(Error::Redirects { max: REDIRECTS_MAX }));
    }
    let count: Option<Count> = ctx.db.optional(db::client_count(caller.user)).await?;
    if count.is_some_and(|count| count.count >= CLIENTS_MAX as u64) {
        return Err(Failure::Api(Error::TooManyClients { max: CLIENTS_MAX }));
    }
    let client = Client {
        id: ctx.id()?,
        name: body.name,
        redirect_uris: body.redirect_uris,
        confidential: body.confidential,
        created_at: ctx.now,
    };
    let secret = client.confidential.then(|| new_secret(prefix::CLIENT)).transpose()?;
    if secret.is_some() {
        ctx.repeat_with(&Error::AlreadyMade { id: client.id, name: client.name.clone() });
    }
    let insert = db::client_insert(&client, caller.user, secret.as_deref().map(auth::hash).as_deref());
    let what = audited::<CreateClient>(client.id, client.name.as_str());
    let what = what.with("redirect_uris", &client.redirect_uris).with("confidential", &client.confidential);
    match ctx.write(&caller, what, vec![insert]).await {
        Err(error) if error.is_unique("oauth_clients.user_id") => {
            Err(Failure::Api(Error::NameTaken { name: client.name }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(NewClient { client, secret }))),
    }
}

pub(crate) async fn list(ctx: &Ctx, caller: Person, call: Call<ListClients>) -> Answer<ListClients> {
    proof::login_only(&caller)?;
    check_cursor::<ClientId>(&call.query)?;
    let rows: Vec<ClientRow> = ctx.db.fetch(db::clients(caller.user, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), Client::from))))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Person, call: Call<DeleteClient>) -> Answer<DeleteClient> {
    proof::login_only(&caller)?;
    let row: Option<ClientRow> = ctx.db.optional(db::client_of(caller.user, &call.path.client)).await?;
    let row = row.ok_or_else(|| absent(ClientId::NOUN, &call.path.client))?;
    let what = audited::<DeleteClient>(row.id, row.name.as_str());
    let what = what.without("redirect_uris", &row.redirect_uris);
    let what = what.without("confidential", &row.secret_hash.is_some());
    match ctx.write(&caller, what, db::client_delete(row.id)).await {
        Err(DbError::Stale) => Err(absent(ClientId::NOUN, row.name).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

pub(crate) async fn authorizations(
    ctx: &Ctx,
    caller: Person,
    call: Call<ListAuthorizations>,
) -> Answer<ListAuthorizations> {
    proof::login_only(&caller)?;
    check_cursor::<AuthorizationId>(&call.query)?;
    let rows = ctx.db.fetch(db::authorizations(caller.user, ctx.now, &call.query)).await?;
    let cursor = |row: &AuthorizationRow| row.id.to_string();
    Ok(Reply::new(Json(page(rows, &call.query, cursor, Authorization::from))))
}

pub(crate) async fn revoke(
    ctx: &Ctx,
    caller: Person,
    call: Call<RevokeAuthorization>,
) -> Answer<RevokeAuthorization> {
    proof::login_only(&caller)?;
    let id = call.path.authorization;
    let row: Option<AuthorizationRow> = ctx.db.optional(db::authorization_of(caller.user, id)).await?;
    let row = row.ok_or_else(|| absent("authorization", id))?;
    let what = audited::<RevokeAuthorization>(id, row.client_name.as_str());
    let what = what.without("workspaces", &row.openings);
    match ctx.write(&caller, what, db::authorization_delete(id).to_vec()).await {
        Err(DbError::Stale) => Err(absent("authorization", id).into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
