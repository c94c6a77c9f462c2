//! Logins that are good.

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    ids::SessionId,
    session::{end::EndSession, end_others::EndOtherSessions, list::ListSessions},
};

use super::{absent, check_cursor, page};
use crate::{
    answer::Answer,
    auth::{Person, proof},
    ctx::{Ctx, audited},
    db::sessions,
};

pub(crate) async fn list(ctx: &Ctx, caller: Person, call: Call<ListSessions>) -> Answer<ListSessions> {
    proof::login_only(&caller)?;
    check_cursor::<SessionId>(&call.query)?;
    let rows: Vec<sessions::Row> = ctx.db.fetch(sessions::list(caller.user, ctx.now, &call.query)).await?;
    let seen = |row: sessions::Row| row.seen_by(&caller.hash);
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id().to_string(), seen))))
}

pub(crate) async fn end(ctx: &Ctx, caller: Person, call: Call<EndSession>) -> Answer<EndSession> {
    proof::login_only(&caller)?;
    let id = call.path.session;
    let there: Option<sessions::There> = ctx.db.optional(sessions::get(caller.user, id)).await?;
    there.ok_or_else(|| absent("login", id))?;
    ctx.write(&caller, audited::<EndSession>(id, ""), vec![sessions::end(caller.user, id)]).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn end_others(
    ctx: &Ctx,
    caller: Person,
    _: Call<EndOtherSessions>,
) -> Answer<EndOtherSessions> {
    proof::login_only(&caller)?;
    let statements = vec![sessions::end_others(caller.user, &caller.hash)];
    ctx.write(&caller, audited::<EndOtherSessions>(caller.user, ""), statements).await?;
    Ok(Reply::new(NoContent))
}
