//! The routing table of each host in KV: published on write, loaded on request.
//!
//! D1 is the truth. A host's row says how far KV has caught up, so a publication that failed is found again by the
//! next write and by the sweep.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use patr_models::{
    managed_url::{Host, Route, RouteTable},
    time::Millis,
};

use crate::{
    answer::Fault,
    ctx::Ctx,
    db::managed_urls::{self as db, HostRow, Row},
    platform,
};

/// How long an isolate believes a table that it has read, in milliseconds. KV itself is behind by more than this
/// on Cloudflare; the isolate that writes forgets at once.
const BELIEVED: u64 = 1000;
/// Tables in an isolate's memory.
const TABLES: usize = 1000;

type Cache = HashMap<String, (Millis, Option<Rc<RouteTable>>)>;

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

fn key(host: &str) -> String {
    format!("host/{host}")
}

/// The table of a host, if it has one.
pub(crate) async fn load(ctx: &Ctx, host: &str) -> Result<Option<Rc<RouteTable>>, Fault> {
    let fresh = CACHE.with_borrow(|cache| {
        cache
            .get(host)
            .filter(|(read, _)| ctx.now.0.saturating_sub(read.0) < BELIEVED)
            .map(|(_, table)| table.clone())
    });
    if let Some(table) = fresh {
        return Ok(table);
    }
    let bytes = ctx.kv.get(&key(host)).await?;
    let table = bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?.map(Rc::new);
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= TABLES {
            cache.clear();
        }
        cache.insert(host.to_owned(), (ctx.now, table.clone()));
    });
    Ok(table)
}

/// Publishes every host that has changed. What fails is tried again later: the write that it is about has happened.
pub(crate) async fn publish(ctx: &Ctx) {
    if let Err(fault) = sweep(ctx).await {
        platform::log(format_args!("routing tables are behind: {fault}"));
    }
}

/// Publishes what is not published. One host that cannot be published holds up no other.
pub(crate) async fn sweep(ctx: &Ctx) -> Result<(), Fault> {
    let mut outcome = Ok(());
    for row in ctx.db.fetch::<HostRow>(db::unpublished()).await? {
        if let Err(fault) = publish_host(ctx, row).await {
            outcome = Err(fault);
        }
    }
    outcome
}

/// Writes the table of one host. Another request may do the same with newer rows: so it is read again afterwards,
/// and written again if it has moved, until what is in KV is what was last read.
async fn publish_host(ctx: &Ctx, mut row: HostRow) -> Result<(), Fault> {
    loop {
        let routes = routes(ctx, &row.host).await?;
        let empty = routes.is_empty();
        if empty {
            ctx.kv.delete(&key(row.host.as_str())).await?;
        } else {
            let table = serde_json::to_string(&RouteTable { workspace: row.workspace_id, routes })?;
            ctx.kv.put(&key(row.host.as_str()), table.as_bytes()).await?;
        }
        CACHE.with_borrow_mut(|cache| cache.remove(row.host.as_str()));
        let done = db::set_published(&row.host, row.revision);
        let release = empty.then(|| db::release(&row.host, row.revision));
        ctx.db.batch([Some(done), release].into_iter().flatten().collect()).await?;
        match ctx.db.optional::<HostRow>(db::host(&row.host)).await? {
            Some(newer) if newer.revision != row.revision => row = newer,
            // Somebody else has given the host back while this was written.
            None if !empty => {
                ctx.kv.delete(&key(row.host.as_str())).await?;
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
}

/// The routes of a host as they should be.
pub(crate) async fn routes(ctx: &Ctx, host: &Host) -> Result<Vec<Route>, Fault> {
    let rows = ctx.db.fetch::<Row>(db::under_host(host)).await?;
    Ok(rows.iter().filter_map(Row::route).collect())
}

#[cfg(test)]
mod tests {
    use crate::testing::{App, redirect};

    #[test]
    fn a_table_that_could_not_be_written_is_written_by_the_sweep() {
        let app = App::new();
        let owner = app.owner("acme");
        app.kv.fail(1);
        owner.url("shop.apps.example", redirect()).unwrap();
        assert_eq!(app.kv.text("host/shop.apps.example"), None);
        app.sweep();
        assert!(app.kv.text("host/shop.apps.example").is_some());
        assert_eq!(app.sqlite.rows("SELECT host FROM hosts WHERE published < revision"), [""; 0]);
    }

    #[test]
    fn a_host_that_cannot_be_written_holds_up_no_other() {
        let app = App::new();
        let owner = app.owner("acme");
        app.kv.fail(2);
        owner.url("a.apps.example", redirect()).unwrap();
        owner.url("b.apps.example", redirect()).unwrap();
        assert_eq!(
            (app.kv.contains("host/a.apps.example"), app.kv.contains("host/b.apps.example")),
            (false, true)
        );
    }

    /// Two requests publish at once: this one has read what the other has changed since.
    #[test]
    fn a_table_that_changes_while_it_is_written_is_written_again() {
        let app = App::new();
        let owner = app.owner("acme");
        app.kv.fail(1);
        let made = owner.url("shop.apps.example", redirect()).unwrap();
        app.sqlite.meanwhile(format!(
            "UPDATE managed_urls SET url = 'https://newer.example/' WHERE id = '{}'; UPDATE hosts SET revision = revision + 1",
            made.id
        ));
        app.sweep();
        assert!(app.kv.text("host/shop.apps.example").unwrap().contains("newer.example"));
    }

    #[test]
    fn a_host_that_is_given_back_while_its_table_is_written_is_forgotten() {
        let app = App::new();
        let owner = app.owner("acme");
        app.kv.fail(1);
        owner.url("shop.apps.example", redirect()).unwrap();
        app.sqlite.meanwhile("DELETE FROM managed_urls; DELETE FROM hosts");
        app.sweep();
        assert_eq!(app.kv.text("host/shop.apps.example"), None);
    }
}
