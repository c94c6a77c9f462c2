//! `patr audit list`.

use patr_models::{
    audit::{
        AuditEntry,
        account::{self, ListAccountAudit},
        list::{ListAudit, Path, Query},
    },
    endpoint::{
        ApiEndpoint, Call,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    page::{MAX_LIMIT, Page},
};

use crate::{
    args::audit::List,
    client::{CallError, Client},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    text,
};

/// List what was done and what was refused, newest first.
pub(super) async fn list(args: &List, ctx: &Context) -> Outcome {
    let (query, most) = (args.query(), args.list.most());
    let page = if args.account {
        pages::<ListAccountAudit>(&ctx.client, account::Path {}, query, most).await?
    } else {
        pages::<ListAudit>(&ctx.client, Path { workspace: ctx.workspace()? }, query, most).await?
    };
    ctx.printer.list(
        &page,
        ["AT", "ACTION", "NAME", "OUTCOME", "RESOURCE", "USER", "THROUGH", "FROM"],
        row,
    )?;
    Ok(Exit::Ok)
}

fn row(entry: &AuditEntry) -> [String; 8] {
    let token = entry.token.map(|id| id.to_string());
    let through = token.or_else(|| entry.session.map(|id| id.to_string()));
    [
        text::time(entry.at),
        entry.action.clone(),
        text::shortened(&entry.name, NAME_MAX),
        entry.code.clone().unwrap_or_else(|| entry.outcome.to_string()),
        entry.resource.clone(),
        text::or_dash(entry.user),
        text::or_dash(through),
        text::or_dash(entry.address.as_ref()),
    ]
}

/// Longest name in the table: what was refused can have any.
const NAME_MAX: usize = 40;

/// Reads pages until `most` lines are there or the log ends.
async fn pages<E>(
    client: &Client,
    path: E::Path,
    query: Query,
    most: usize,
) -> Result<Page<AuditEntry>, CallError>
where
    E: ApiEndpoint<
            Query = Query,
            RequestHeaders = NoHeaders,
            Request = NoBody,
            Response = Json<Page<AuditEntry>>,
        >,
    E::Path: Clone,
{
    let mut all = Page { items: Vec::new(), next: query.cursor.clone() };
    loop {
        let limit = u16::try_from(most - all.items.len()).unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
        let query = Query { limit: Some(limit), cursor: all.next.take(), ..query.clone() };
        let call = Call::<E> { path: path.clone(), query, headers: NoHeaders, body: NoBody };
        let Json(page) = client.call(call).await?.body;
        all.items.extend(page.items);
        all.next = page.next;
        if all.next.is_none() || all.items.len() >= most {
            return Ok(all);
        }
    }
}
