//! Lines that are older than the installation keeps them. They go from the beginning of a chain, and a line at its end
//! says which: so a chain that begins later than with its first line says why, and nothing else can be taken for that.

use std::time::Duration;

use patr_models::{
    audit::RETENTION,
    ids::{TokenId, UserId, WorkspaceId},
    time::Millis,
};

use super::{Audited, Changes, Line, NONE, head};
use crate::{
    auth::Actor,
    ctx::Ctx,
    db::{DbError, audit as db},
};

/// How long lines about nobody are kept: anyone can cause them, and they are kept for long enough to look into an attack.
const NOBODYS: Duration = Duration::from_secs(30 * 24 * 3600);
/// What is too old stays for up to another day, so that a chain has one line about that in a day and not one in a minute.
const SLACK: Duration = Duration::from_secs(24 * 3600);
/// Lines that one sweep takes away of a chain.
const AT_ONCE: usize = 500;
/// Chains that one sweep looks after.
const CHAINS: usize = 5;

/// Takes away what is too old.
pub(crate) async fn sweep(ctx: &Ctx) -> Result<(), DbError> {
    forget(ctx, NONE.to_owned(), ctx.now - NOBODYS).await?;
    let Some(kept) = ctx.settings.audit_kept else { return Ok(()) };
    let until = ctx.now - kept;
    let old: Vec<db::Chain> = ctx.db.fetch(db::old(until - SLACK, CHAINS)).await?;
    for row in old {
        forget(ctx, row.chain, until).await?;
    }
    Ok(())
}

/// Seals lines of before there were hashes, whose chains nobody has written to.
pub(crate) async fn seal(ctx: &Ctx) -> Result<(), DbError> {
    let chains: Vec<db::Chain> = ctx.db.fetch(db::chains_unsealed(CHAINS)).await?;
    for row in chains {
        super::seal::seal(&ctx.db, &row.chain).await?;
    }
    Ok(())
}

/// Takes away the lines at the beginning of a chain that are from before `until`.
async fn forget(ctx: &Ctx, chain: String, until: Millis) -> Result<(), DbError> {
    // Seals them, if they are from before there were hashes.
    let head = head(&ctx.db, &chain).await?;
    let places: Vec<db::Place> = ctx.db.fetch(db::first(&chain, AT_ONCE)).await?;
    let Some(last) = too_old(&places, until) else { return Ok(()) };
    let what = Audited::new(RETENTION, "", "").says(Changes::removed(last.seq, &last.hash));
    let line = Line::new(ctx, &Sweep, what)?.in_chain(chain.clone()).after(head);
    let statements = vec![db::insert(&line), db::retain(&chain, last.seq), db::delete(&chain, last.seq)];
    match ctx.db.batch(statements).await {
        // Somebody wrote a line meanwhile: in a minute it is tried again.
        Err(error) if error.is_unique("audit.chain") => Ok(()),
        outcome => outcome,
    }
}

/// The last of the lines that go, when it is time for any to go.
fn too_old(places: &[db::Place], until: Millis) -> Option<&db::Place> {
    places.first().filter(|first| first.at < until - SLACK)?;
    places.iter().take_while(|place| place.at < until).last()
}

/// Nobody: the installation itself.
struct Sweep;

impl Actor for Sweep {
    fn user(&self) -> Option<UserId> {
        None
    }
    fn token(&self) -> Option<TokenId> {
        None
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
}
