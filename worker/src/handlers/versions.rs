//! Versions of static sites: packs in, a manifest over them, one pointer to switch.

use std::collections::{HashMap, HashSet};

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Json, NoContent, Octets},
    },
    ids::WorkspaceId,
    site::{
        ManifestHash, PackHash,
        create_version::{self, CreateVersion},
        manifest::Manifest,
        manifest_get::GetManifest,
        missing_packs::{self, MissingPacks, PACKS_MAX, Packs},
        put_pack::{self, PutPack},
        rollback::{self, RollBackSite},
        versions::ListVersions,
    },
};

use super::{absent, page, sites};
use crate::{
    answer::{Answer, Failure, Fault},
    auth::Member,
    ctx::{Ctx, audited},
    db::{managed_urls, sites as db},
    routes_kv,
};

/// Where a pack is in KV. By workspace: what one has stored says nothing to another.
pub(crate) fn pack_key(workspace: WorkspaceId, hash: &PackHash) -> String {
    format!("pack/{workspace}/{hash}")
}

/// Where a manifest is in KV.
pub(crate) fn manifest_key(workspace: WorkspaceId, hash: &ManifestHash) -> String {
    format!("manifest/{workspace}/{hash}")
}

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
    // Stored before it is known to be: D1 never names a pack that is not there.
    ctx.kv.put(&pack_key(caller.workspace, &hash), &bytes).await?;
    ctx.db.batch(vec![db::pack_insert(caller.workspace, &hash, bytes.len(), ctx.now)]).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateVersion>) -> Answer<CreateVersion> {
    let row = sites::find(ctx, &caller, &call.path.site).await?;
    let bytes = call.body.0;
    let hash = ManifestHash::of(&bytes);
    let invalid = |problem: String| Failure::Api(create_version::Error::ManifestInvalid { problem });
    let opened = Manifest::open(&bytes).map_err(|error| invalid(error.to_string()))?;
    let named: Vec<PackHash> = opened.packs().collect();
    let sizes = stored_sizes(ctx, caller.workspace, &named).await?;
    if let Some(pack) = named.iter().find(|pack| !sizes.contains_key(pack)) {
        return Err(Failure::Api(create_version::Error::PackMissing { pack: pack.clone() }));
    }
    let manifest = Manifest::check(&bytes, |pack| sizes.get(pack).copied());
    let manifest = manifest.map_err(|error| invalid(error.to_string()))?;

    if let Some(live) = row.live {
        let version: Option<db::VersionRow> = ctx.db.optional(db::version(row.id, live)).await?;
        if let Some(version) = version.filter(|version| version.manifest == hash) {
            return Ok(Reply::new(Json(version.with(row.live))));
        }
    }
    ctx.kv.put(&manifest_key(caller.workspace, &hash), &bytes).await?;
    let size = (manifest.len(), manifest.total_size());
    let mut statements = db::version_insert(row.id, &hash, size, caller.person.user, ctx.now);
    statements.push(managed_urls::touch_leading_to(&row.id));
    ctx.write(&caller, audited::<CreateVersion>(row.id, row.name.as_str()), statements).await?;
    routes_kv::publish(ctx).await;

    let row = sites::find(ctx, &caller, &row.id.into()).await?;
    let number = row.live.ok_or_else(|| Fault::new("a version was made and none is live"))?;
    let version: Option<db::VersionRow> = ctx.db.optional(db::version(row.id, number)).await?;
    let version = version.ok_or_else(|| Fault::new("the live version is not there"))?;
    Ok(Reply::new(Json(version.with(row.live))))
}

async fn stored_sizes(
    ctx: &Ctx,
    workspace: WorkspaceId,
    named: &[PackHash],
) -> Result<HashMap<PackHash, u64>, Fault> {
    let mut sizes = HashMap::with_capacity(named.len());
    // A parameter may have 2 MB; a thousand hashes have 67 KB.
    for part in named.chunks(PACKS_MAX) {
        let rows: Vec<db::PackRow> = ctx.db.fetch(db::packs(workspace, part)).await?;
        sizes.extend(rows.into_iter().map(|row| (row.hash, row.size)));
    }
    Ok(sizes)
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListVersions>) -> Answer<ListVersions> {
    let row = sites::find(ctx, &caller, &call.path.site).await?;
    let rows: Vec<db::VersionRow> = ctx.db.fetch(db::versions(row.id, &call.query)).await?;
    Ok(Reply::new(Json(page(
        rows,
        &call.query,
        |row| row.number.to_string(),
        |version| version.with(row.live),
    ))))
}

pub(crate) async fn manifest(ctx: &Ctx, caller: Member, call: Call<GetManifest>) -> Answer<GetManifest> {
    let row = sites::find(ctx, &caller, &call.path.site).await?;
    let number = call.path.version;
    let version: Option<db::VersionRow> = ctx.db.optional(db::version(row.id, number)).await?;
    let version = version.ok_or_else(|| absent("version", number))?;
    let bytes = ctx.kv.get_immutable(&manifest_key(caller.workspace, &version.manifest)).await?;
    let bytes = bytes.ok_or_else(|| Fault::new(format!("the manifest {} is not in KV", version.manifest)))?;
    Ok(Reply::new(Octets(bytes.into())))
}

pub(crate) async fn roll_back(ctx: &Ctx, caller: Member, call: Call<RollBackSite>) -> Answer<RollBackSite> {
    let row = sites::find(ctx, &caller, &call.path.site).await?;
    let wanted = call.body.0.version;
    let statement = match wanted {
        Some(number) => db::version(row.id, number),
        None => db::version_before(row.id, row.live.unwrap_or_default()),
    };
    let found: Option<db::VersionRow> = ctx.db.optional(statement).await?;
    let version = found.ok_or(Failure::Api(match wanted {
        Some(version) => rollback::Error::NoSuchVersion { version },
        None => rollback::Error::NothingToRollBackTo,
    }))?;
    let statements =
        vec![db::set_live(row.id, version.number, ctx.now), managed_urls::touch_leading_to(&row.id)];
    ctx.write(&caller, audited::<RollBackSite>(row.id, row.name.as_str()), statements).await?;
    routes_kv::publish(ctx).await;
    let row = sites::find(ctx, &caller, &row.id.into()).await?;
    Ok(Reply::new(Json(sites::model(ctx, row))))
}
