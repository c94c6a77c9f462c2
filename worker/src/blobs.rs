//! How packs and manifests come into KV and go again, so that nothing in use is ever missing and nothing stays for ever.
//!
//! KV and D1 have no common transaction. So a key in KV is always known to one of two tables, and moves between them in
//! D1 alone: `blobs` answers for it, or it is `garbage`. Each arrow is one batch; a crash between two leaves a state that
//! the next sweep goes on from.
//!
//! ```text
//!            announce                    KV put, adopt
//!   absent ────────────▶ garbage, due ───────────────────▶ blob ◀───┐ refer (a version, or what is carried)
//!      ▲                 in a day    ◀── collect ──────────  │ │     │ touch (an upload is under way)
//!      │                     │           nothing names it,   │ └─────┘
//!      │                     │ due       not asked for       │
//!      │                     ▼           for a day           ▼
//!      └── KV delete ──── claimed                       a reference: a foreign key; it cannot go
//!          then row       (again after 16 minutes: who claimed it has crashed)
//! ```
//!
//! `announce` takes what is garbage but not claimed back for a day, in which `adopt` follows; what is claimed may be
//! deleted in this very moment, so a write of that is refused and comes again. `adopt` needs an announcement that stands,
//! so even a write that took longer than a day names nothing that was deleted meanwhile.

use bytes::Bytes;
use patr_models::ids::WorkspaceId;

use crate::{
    answer::{Fault, Refused},
    ctx::Ctx,
    db::blobs::{self as db, Blob},
    platform,
};

/// Released values that one sweep looks at, and keys that it deletes. A sweep makes a call to KV for each of these and
/// some twenty to D1: the free plan allows 50 queries and 1,000 calls. What is left has a sweep a minute.
const COLLECTED: usize = 50;
const DELETED: usize = 20;

/// Why a value was not stored.
pub(crate) enum Unstored {
    /// The same one is being deleted; a moment later it can be stored.
    BeingDeleted,
    Refused(Refused),
}

impl<R: Into<Refused>> From<R> for Unstored {
    fn from(refused: R) -> Self {
        Self::Refused(refused.into())
    }
}

/// Stores a value that is not stored yet. It stays for a day, or for as long as something refers to it.
pub(crate) async fn put(ctx: &Ctx, blob: &Blob, bytes: &Bytes) -> Result<(), Unstored> {
    if announce(ctx, blob).await? {
        ctx.kv.put(&blob.key(), bytes).await?;
        ctx.db.batch(db::adopt(blob, bytes.len(), ctx.now)).await?;
    }
    Ok(())
}

/// Whether it has to be written.
async fn announce(ctx: &Ctx, blob: &Blob) -> Result<bool, Unstored> {
    ctx.db.batch(db::announce(blob, ctx.now)).await?;
    let state: Option<db::State> = ctx.db.optional(db::state(blob)).await?;
    match state.ok_or_else(|| Fault::new("a query without a table answers one row"))? {
        db::State { being_deleted: true, .. } => Err(Unstored::BeingDeleted),
        db::State { stored, .. } => Ok(!stored),
    }
}

/// The bytes of a manifest that something refers to.
pub(crate) async fn manifest(
    ctx: &Ctx,
    workspace: WorkspaceId,
    hash: &patr_models::site::ManifestHash,
) -> Result<Bytes, Fault> {
    let bytes = ctx.kv.get_immutable(&Blob::manifest(workspace, hash).key()).await?;
    bytes.map(Bytes::from).ok_or_else(|| Fault::new(format!("the manifest {hash} is not in KV")))
}

/// Makes garbage of what nothing refers to.
pub(crate) async fn collect(ctx: &Ctx) -> Result<(), Fault> {
    let released: Vec<db::Id> = ctx.db.fetch(db::released(ctx.now, COLLECTED)).await?;
    let ids: Vec<u64> = released.into_iter().map(|row| row.id).collect();
    if !ids.is_empty() {
        ctx.db.batch(db::collect(&ids, ctx.now)).await?;
    }
    Ok(())
}

/// Deletes garbage that is due.
pub(crate) async fn delete(ctx: &Ctx) -> Result<(), Fault> {
    let claimed: Vec<db::Key> = ctx.db.fetch(db::claim(ctx.now, DELETED)).await?;
    let mut gone = Vec::with_capacity(claimed.len());
    for db::Key { key } in claimed {
        match ctx.kv.delete(&key).await {
            Ok(()) => gone.push(key),
            // It stays claimed, and is tried again once that is old.
            Err(error) => platform::log(format_args!("{key} was not deleted: {error}")),
        }
    }
    if !gone.is_empty() {
        ctx.db.batch(vec![db::deleted(&gone, ctx.now)]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
