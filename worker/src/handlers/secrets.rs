//! Values that deployments use and nobody can read.

use patr_models::{
    auth::Permission,
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    ids::WorkspaceId,
    limits::{SECRET_MAX, WORKSPACE_SECRETS_MAX},
    name::Name,
    page::Page,
    secret::{
        Secret, SecretValue,
        delete::{self, DeleteSecret},
        get::GetSecret,
        list::ListSecrets,
        set::{self, SetSecret},
    },
};

use super::{absent, check_cursor, deployments::TRIES, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError, Statement,
        secrets::{self as db, KeyRow, New, Row, UseRow},
        users::Count,
    },
    vault::{Key, Keyring, Place},
};

pub(crate) async fn set(ctx: &Ctx, caller: Member, call: Call<SetSecret>) -> Answer<SetSecret> {
    let name = call.path.secret;
    let value =
        bytes(&call.body.0.value).map_err(|problem| Failure::Api(set::Error::ValueInvalid { problem }))?;
    let keys = ctx.settings.secrets_keys().map_err(|_| Failure::Api(set::Error::SecretsOff))?;
    for _ in 0..TRIES {
        let row: Option<Row> = ctx.db.optional(db::get(caller.workspace, &name)).await?;
        if row.as_ref().is_none_or(Row::is_deleted) && is_full(ctx, caller.workspace).await? {
            return Err(Failure::Api(set::Error::TooManySecrets { max: WORKSPACE_SECRETS_MAX }));
        }
        let (key, mut statements) = key(ctx, caller.workspace, keys).await?;
        let version = row.as_ref().map_or(0, |row| row.version) + 1;
        let place = Place { workspace: caller.workspace, secret: &name, version };
        let closed = key.close(place, &value)?;
        let new = New { version, closed: &closed, bytes: value.len(), now: ctx.now };
        statements.extend(match row {
            Some(row) => db::next(row.id, &new),
            None => db::first(caller.workspace, &name, &new),
        });
        let what = audited::<SetSecret>(&name, name.as_str()).with("version", &version);
        match ctx.write(&caller, what, statements).await {
            // Somebody else set it, or the first secret of the workspace, meanwhile.
            Err(DbError::Unique(_)) => continue,
            outcome => outcome?,
        }
        return Ok(Reply::new(Json(read(ctx, &caller, &name).await?)));
    }
    Err(DbError::Stale.into())
}

/// What was sent, if it can be kept.
fn bytes(value: &SecretValue) -> Result<Vec<u8>, String> {
    let bytes = value.to_bytes().ok_or("it is not base64")?;
    match bytes.len() {
        0 => Err("it is empty".to_owned()),
        len if len > SECRET_MAX => Err(format!("{len} bytes are over the limit of {SECRET_MAX}")),
        _ => Ok(bytes),
    }
}

async fn is_full(ctx: &Ctx, workspace: WorkspaceId) -> Result<bool, DbError> {
    let count: Option<Count> = ctx.db.optional(db::count(workspace)).await?;
    Ok(count.is_some_and(|count| count.count >= WORKSPACE_SECRETS_MAX as u64))
}

/// The key of a workspace; one that has none gets it with the first secret.
async fn key(ctx: &Ctx, workspace: WorkspaceId, keys: &Keyring) -> Result<(Key, Vec<Statement>), Refused> {
    if let Some(row) = ctx.db.optional::<KeyRow>(db::key(workspace)).await? {
        return Ok((keys.unwrap(workspace, &row.wrapped)?, Vec::new()));
    }
    let key = Key::random()?;
    let wrapped = keys.current.wrap(workspace, &key)?;
    let insert = db::key_insert(workspace, &wrapped, &keys.current.fingerprint(), ctx.now);
    Ok((key, vec![insert]))
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListSecrets>) -> Answer<ListSecrets> {
    check_cursor::<Name>(&call.query)?;
    let rows: Vec<Row> =
        ctx.db.fetch(db::list(caller.workspace, caller.scope(Permission::SecretView), &call.query)).await?;
    let Page { items, next } = page(rows, &call.query, |row| row.name.to_string(), |row| row);
    let ids: Vec<_> = items.iter().map(|row| row.id).collect();
    let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&ids)).await?;
    let items = items.into_iter().map(|row| row.with(&uses)).collect();
    Ok(Reply::new(Json(Page { items, next })))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetSecret>) -> Answer<GetSecret> {
    Ok(Reply::new(Json(read(ctx, &caller, &call.path.secret).await?)))
}

async fn read(ctx: &Ctx, caller: &Member, name: &Name) -> Result<Secret, Refused> {
    let row = find(ctx, caller, name).await?;
    let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&[row.id])).await?;
    Ok(row.with(&uses))
}

async fn find(ctx: &Ctx, caller: &Member, name: &Name) -> Result<Row, Refused> {
    let row: Option<Row> = ctx.db.optional(db::get(caller.workspace, name)).await?;
    Ok(row.filter(|row| !row.is_deleted()).ok_or_else(|| absent("secret", name))?)
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteSecret>) -> Answer<DeleteSecret> {
    let name = call.path.secret;
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &name).await?;
        let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&[row.id])).await?;
        if let Some(used) = uses.into_iter().next() {
            return Err(Failure::Api(delete::Error::SecretInUse { deployment: used.deployment }));
        }
        let what = audited::<DeleteSecret>(&name, name.as_str()).without("version", &row.version);
        match ctx.write(&caller, what, db::delete(row.id, ctx.now)).await {
            Err(DbError::Stale) => continue,
            outcome => outcome?,
        }
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

#[cfg(test)]
#[path = "secrets_tests.rs"]
mod tests;
