//! Who did what.

use bytes::Bytes;
use futures_util::{Stream, stream};
use patr_models::{
    audit::{
        AuditEntry,
        account::ListAccountAudit,
        export::ExportAudit,
        export_account::ExportAccountAudit,
        list::{ListAudit, Query},
    },
    endpoint::{Call, Reply, body::Json},
    error::Common,
    page::Page,
};
use worker::{Headers, Response, ResponseBuilder};

use super::{check_cursor, page};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    audit::chain_of,
    auth::{Actor, Member, Person},
    ctx::Ctx,
    db::{Db, audit as db},
};

/// Lines that an export reads at once: some 300 KB.
const AT_ONCE: usize = 500;

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListAudit>) -> Answer<ListAudit> {
    Ok(Reply::new(Json(lines(ctx, &caller, &call.query).await?)))
}

pub(crate) async fn list_account(
    ctx: &Ctx,
    caller: Person,
    call: Call<ListAccountAudit>,
) -> Answer<ListAccountAudit> {
    whole(&caller)?;
    Ok(Reply::new(Json(lines(ctx, &caller, &call.query).await?)))
}

/// Refuses a token that opens only some of what its person may: an account's log says where that logs in from.
fn whole(caller: &Person) -> Result<(), Common> {
    let wanted = || "a login, or a token that opens everything".to_owned();
    caller.opens.only().map_or(Ok(()), |_| Err(Common::WrongKind { wanted: wanted() }))
}

async fn lines(ctx: &Ctx, of: &impl Actor, query: &Query) -> Result<Page<AuditEntry>, Refused> {
    let paged = query.page();
    check_cursor::<u64>(&paged)?;
    let rows: Vec<db::Row> = ctx.db.fetch(db::list(&chain_of(of), query)).await?;
    Ok(page(rows, &paged, |row| row.seq.to_string(), Into::into))
}

pub(crate) async fn export(
    ctx: &Ctx,
    caller: Member,
    _: Call<ExportAudit>,
) -> Result<Response, Failure<ExportAudit>> {
    Ok(download(ctx, &caller).await?)
}

pub(crate) async fn export_account(
    ctx: &Ctx,
    caller: Person,
    _: Call<ExportAccountAudit>,
) -> Result<Response, Failure<ExportAccountAudit>> {
    whole(&caller)?;
    Ok(download(ctx, &caller).await?)
}

async fn download(ctx: &Ctx, of: &impl Actor) -> Result<Response, Refused> {
    let chain = chain_of(of);
    // Seals lines of before there were hashes, if nobody has written since.
    crate::audit::head(&ctx.db, &chain).await?;
    let headers = Headers::new();
    headers.set("content-type", "application/x-ndjson")?;
    headers.set("cache-control", "no-store")?;
    let body = pages(ctx.db.again(), chain, AT_ONCE);
    Ok(ResponseBuilder::new().with_headers(headers).from_stream(body)?)
}

/// A chain, oldest first, some lines at a time. It breaks off when one cannot be read: half an export must not look whole.
fn pages(db: Db, chain: String, at_once: usize) -> impl Stream<Item = Result<Bytes, Fault>> {
    stream::try_unfold(Some(0), move |after| {
        let (db, chain) = (db.again(), chain.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let rows: Vec<db::Row> = db.fetch(db::export(&chain, after, at_once)).await?;
            let next = rows.last().filter(|_| rows.len() == at_once).map(|row| row.seq);
            let text: String = rows.into_iter().map(|row| AuditEntry::from(row).to_line() + "\n").collect();
            Ok(Some((Bytes::from(text), next)))
        }
    })
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
