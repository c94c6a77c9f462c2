//! A manifest that somebody uploaded becomes a version: live, or to be looked at.

use std::time::Duration;

use bytes::Bytes;
use patr_models::{
    endpoint::{Call, Reply, body::Json},
    ids::WorkspaceId,
    site::{
        ManifestHash, PackHash, SiteVersion, VersionNumber,
        config::ServeConfig,
        create_version::{CreateVersion, Error, PREVIEW_DAYS, PREVIEW_DAYS_MAX, Query},
        manifest::Manifest,
    },
    time::Millis,
};

use super::{TRIES, go_live, packs::stored_sizes, preview};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::Member,
    blobs::{self, Unstored},
    ctx::{Ctx, audited},
    db::{
        DbError, Statement,
        blobs::{Blob, refer},
        sites::Row,
        versions as db,
    },
    handlers::sites,
    routes_kv,
};

impl From<Unstored> for Failure<CreateVersion> {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::BeingDeleted => Self::Api(Error::BeingDeleted),
            Unstored::Refused(refused) => refused.into(),
        }
    }
}

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateVersion>) -> Answer<CreateVersion> {
    let lasts = lasts(&call.query)?;
    sites::find(ctx, &caller, &call.path.site).await?;
    let upload = check(ctx, caller.workspace, call.body.0).await?;
    blobs::put(ctx, &Blob::manifest(caller.workspace, &upload.hash), &upload.bytes).await?;
    // What is carried follows from what is live: should that change meanwhile, it is worked out anew.
    for _ in 0..TRIES {
        let row = sites::find(ctx, &caller, &call.path.site).await?;
        if let Some(version) = existing(ctx, &caller, &row, &upload, lasts).await? {
            return Ok(Reply::new(Json(version)));
        }
        let number = row.versions + 1;
        let statements = statements(ctx, &caller, &row, &upload, lasts).await?;
        let what = audited::<CreateVersion>(row.id, row.name.as_str()).with("version", &number);
        let what = what.with("manifest", &upload.hash).with("preview", &lasts.is_some());
        match ctx.write(&caller, what, statements).await {
            Ok(()) => {
                routes_kv::publish(ctx).await;
                let version = find(ctx, &row, number).await?;
                return Ok(Reply::new(Json(version.ok_or_else(|| Fault::new("a new version is gone"))?)));
            }
            // A pack has been collected since it was seen.
            Err(DbError::Reference) => refuse_missing(ctx, caller.workspace, &upload.packs).await?,
            Err(error) if preview::is_host_taken(&error) => {}
            Err(DbError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Api(Error::Busy))
}

/// How long a preview lasts, if it is to be one.
fn lasts(query: &Query) -> Result<Option<Duration>, Failure<CreateVersion>> {
    let days = query.preview_days.unwrap_or(PREVIEW_DAYS);
    let unused = !query.preview && query.preview_days.is_some();
    if unused || !(1..=PREVIEW_DAYS_MAX).contains(&days) {
        return Err(Failure::Api(Error::PreviewDays { max: PREVIEW_DAYS_MAX }));
    }
    Ok(query.preview.then(|| Duration::from_secs(u64::from(days) * 24 * 3600)))
}

/// A manifest that can be served.
struct Upload {
    hash: ManifestHash,
    bytes: Bytes,
    manifest: Manifest<Bytes>,
    packs: Vec<PackHash>,
}

async fn check(ctx: &Ctx, workspace: WorkspaceId, bytes: Bytes) -> Result<Upload, Failure<CreateVersion>> {
    let invalid = |error: patr_models::site::manifest::ManifestError| {
        Failure::Api(Error::ManifestInvalid { problem: error.to_string() })
    };
    let packs: Vec<PackHash> = Manifest::open(&bytes).map_err(invalid)?.packs().collect();
    let sizes = stored_sizes(ctx, workspace, &packs).await?;
    if let Some(pack) = packs.iter().find(|pack| !sizes.contains_key(pack)) {
        return Err(Failure::Api(Error::PackMissing { pack: pack.clone() }));
    }
    let manifest = Manifest::check(bytes.clone(), |pack| sizes.get(pack).copied()).map_err(invalid)?;
    ServeConfig::read(manifest.config_bytes()).map_err(invalid)?;
    Ok(Upload { hash: ManifestHash::of(&bytes), bytes, manifest, packs })
}

/// The version that this upload is already: the live one, or a preview, which then lasts longer.
async fn existing(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    upload: &Upload,
    lasts: Option<Duration>,
) -> Result<Option<SiteVersion>, Refused> {
    let Some(lasts) = lasts else {
        return match row.live.filter(|_| row.manifest.as_ref() == Some(&upload.hash)) {
            Some(live) => Ok(find(ctx, row, live).await?),
            None => Ok(None),
        };
    };
    let found: Option<db::Row> = ctx.db.optional(db::preview(row.id, &upload.hash, ctx.now)).await?;
    let Some(preview) = found else { return Ok(None) };
    let extend = db::extend(row.id, preview.number, ctx.now + lasts);
    ctx.write(caller, audited::<CreateVersion>(row.id, row.name.as_str()), extend).await?;
    Ok(find(ctx, row, preview.number).await?)
}

/// Everything that makes the version, or nothing if the site has changed.
async fn statements(
    ctx: &Ctx,
    caller: &Member,
    row: &Row,
    upload: &Upload,
    lasts: Option<Duration>,
) -> Result<Vec<Statement>, Unstored> {
    let (workspace, number) = (caller.workspace, row.versions + 1);
    let expires_at: Option<Millis> = lasts.map(|lasts| ctx.now + lasts);
    let mut statements = vec![crate::db::sites::unchanged(row.id, row.generation)];
    statements.extend(refer(workspace, &upload.hash, &upload.packs));
    statements.extend(db::insert(&db::New {
        workspace,
        site: row.id,
        number,
        manifest: &upload.hash,
        files: upload.manifest.len(),
        bytes: upload.manifest.total_size(),
        expires_at,
        by: caller.person.user,
        now: ctx.now,
    }));
    statements.extend(match expires_at {
        Some(expires_at) => preview::address(ctx, workspace, row, number, expires_at)?,
        None => go_live::statements(ctx, workspace, row, number, &upload.manifest).await?,
    });
    Ok(statements)
}

async fn find(ctx: &Ctx, row: &Row, number: VersionNumber) -> Result<Option<SiteVersion>, DbError> {
    let version: Option<db::Row> = ctx.db.optional(db::get(row.id, number)).await?;
    // One that was made just now is live although `row` was read before.
    let live = |version: &db::Row| if version.is_preview() { row.live } else { Some(number) };
    Ok(version
        .map(|version| (live(&version), version))
        .map(|(live, version)| version.model(live, &ctx.settings)))
}

/// Says which pack is not there any more; all of them may be again.
async fn refuse_missing(
    ctx: &Ctx,
    workspace: WorkspaceId,
    packs: &[PackHash],
) -> Result<(), Failure<CreateVersion>> {
    let sizes = stored_sizes(ctx, workspace, packs).await?;
    match packs.iter().find(|pack| !sizes.contains_key(pack)) {
        Some(pack) => Err(Failure::Api(Error::PackMissing { pack: pack.clone() })),
        None => Ok(()),
    }
}
