//! Versions of static sites: packs in, a manifest over them, one pointer to switch.

mod create;
mod go_live;
mod packs;
mod preview;
mod rollback;

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Json, Octets},
    },
    ids::WorkspaceId,
    site::{ManifestHash, PackHash, manifest_get::GetManifest, versions::ListVersions},
};

use super::{absent, page, sites};
use crate::{
    answer::Answer,
    auth::Member,
    blobs,
    ctx::Ctx,
    db::{blobs::Blob, versions as db},
};

pub(crate) use create::create;
pub(crate) use packs::{missing_packs, put_pack};
pub(crate) use rollback::roll_back;

/// How often a version is tried to be made live while others are.
const TRIES: usize = 5;

/// Where a pack is in KV.
pub(crate) fn pack_key(workspace: WorkspaceId, hash: &PackHash) -> String {
    Blob::pack(workspace, hash).key()
}

/// Where a manifest is in KV.
pub(crate) fn manifest_key(workspace: WorkspaceId, hash: &ManifestHash) -> String {
    Blob::manifest(workspace, hash).key()
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListVersions>) -> Answer<ListVersions> {
    let row = sites::find(ctx, &caller, &call.path.site).await?;
    let rows: Vec<db::Row> = ctx.db.fetch(db::list(row.id, &call.query)).await?;
    let model = |version: db::Row| version.model(row.live, &ctx.settings);
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.number.to_string(), model))))
}

pub(crate) async fn manifest(ctx: &Ctx, caller: Member, call: Call<GetManifest>) -> Answer<GetManifest> {
    let row = sites::find(ctx, &caller, &call.path.site).await?;
    let number = call.path.version;
    let version: Option<db::Row> = ctx.db.optional(db::get(row.id, number)).await?;
    let version = version.ok_or_else(|| absent("version", number))?;
    Ok(Reply::new(Octets(blobs::manifest(ctx, caller.workspace, &version.manifest).await?)))
}

#[cfg(test)]
mod tests;
