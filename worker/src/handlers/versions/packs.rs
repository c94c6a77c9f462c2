//! Packs on their way in.

use std::collections::{HashMap, HashSet};

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    ids::WorkspaceId,
    site::{
        PackHash,
        missing_packs::{self, MissingPacks, PACKS_MAX, Packs},
        put_pack::{self, PutPack},
    },
};

use crate::{
    answer::{Answer, Failure, Fault},
    auth::Member,
    blobs::{self, Unstored},
    ctx::Ctx,
    db::blobs::{self as db, Blob},
    handlers::sites,
};

pub(crate) async fn missing_packs(
    ctx: &Ctx,
    caller: Member,
    call: Call<MissingPacks>,
) -> Answer<MissingPacks> {
    sites::find(ctx, &caller, &call.path.site).await?;
    let mut asked = call.body.0.packs;
    if asked.len() > PACKS_MAX {
        return Err(Failure::Api(missing_packs::Error::TooMany { max: PACKS_MAX }));
    }
    // Touched before they are looked at: what is answered to be there stays for long enough to be named.
    ctx.db.batch(vec![db::touch_packs(caller.workspace, &asked, ctx.now)]).await?;
    let stored: Vec<db::PackRow> = ctx.db.fetch(db::packs(caller.workspace, &asked)).await?;
    let stored: HashSet<PackHash> = stored.into_iter().map(|row| row.hash).collect();
    asked.retain(|pack| !stored.contains(pack));
    Ok(Reply::new(Json(Packs { packs: asked })))
}

pub(crate) async fn put_pack(ctx: &Ctx, caller: Member, call: Call<PutPack>) -> Answer<PutPack> {
    sites::find(ctx, &caller, &call.path.site).await?;
    let (hash, bytes) = (call.path.pack, call.body.0);
    let found = PackHash::of(&bytes);
    if found != hash {
        return Err(Failure::Api(put_pack::Error::HashMismatch { found }));
    }
    match blobs::put(ctx, &Blob::pack(caller.workspace, &hash), &bytes).await {
        Ok(()) => Ok(Reply::new(NoContent)),
        Err(Unstored::BeingDeleted) => Err(Failure::Api(put_pack::Error::BeingDeleted { pack: hash })),
        Err(Unstored::Refused(refused)) => Err(refused.into()),
    }
}

/// The sizes of those that are stored.
pub(super) async fn stored_sizes(
    ctx: &Ctx,
    workspace: WorkspaceId,
    named: &[PackHash],
) -> Result<HashMap<PackHash, u64>, Fault> {
    let mut sizes = HashMap::with_capacity(named.len());
    // A parameter may have 2 MB, and so may an answer; a thousand hashes have 67 KB.
    for part in named.chunks(PACKS_MAX) {
        let rows: Vec<db::PackRow> = ctx.db.fetch(db::packs(workspace, part)).await?;
        sizes.extend(rows.into_iter().map(|row| (row.hash, row.size)));
    }
    Ok(sizes)
}
