//! Who did what.

use patr_models::{
    audit::{AuditEntry, list::ListAudit},
    endpoint::{Call, Reply, body::Json},
};

use super::page;
use crate::{answer::Answer, auth::Member, ctx::Ctx, db::audit};

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListAudit>) -> Answer<ListAudit> {
    let rows: Vec<audit::Row> = ctx.db.fetch(audit::list(caller.workspace, &call.query)).await?;
    let entries: Vec<AuditEntry> = rows.into_iter().map(Into::into).collect();
    Ok(Reply::new(Json(page(entries, &call.query, |entry| entry.id.to_string(), |entry| entry))))
}
