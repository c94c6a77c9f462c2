//! A version goes live, and hashed files of the one before stay reachable for who has loaded its pages.

use bytes::Bytes;
use patr_models::{
    ids::WorkspaceId,
    site::{
        ManifestHash, VersionNumber,
        carry::{carry, day},
        manifest::Manifest,
    },
};

use crate::{
    answer::Fault,
    blobs::{self, Unstored},
    ctx::Ctx,
    db::{
        Statement,
        blobs::{Blob, refer},
        managed_urls::touch_live,
        sites::{Carried, Row, set_live},
    },
    platform,
};

/// The switch, and with it what is carried from now on, whose manifest is stored here.
pub(super) async fn statements(
    ctx: &Ctx,
    workspace: WorkspaceId,
    row: &Row,
    number: VersionNumber,
    after: &Manifest<Bytes>,
) -> Result<Vec<Statement>, Unstored> {
    let mut statements = Vec::new();
    let carried = match carried(ctx, workspace, row, after).await? {
        None => None,
        Some(bytes) => {
            let manifest = open(bytes.clone())?;
            let hash = ManifestHash::of(&bytes);
            blobs::put(ctx, &Blob::manifest(workspace, &hash), &bytes).await?;
            let packs: Vec<_> = manifest.packs().collect();
            statements.extend(refer(workspace, &hash, &packs));
            let until_day = manifest.iter().map(|entry| entry.until_day).max().unwrap_or_default();
            Some(Carried { manifest: hash, until_day })
        }
    };
    statements.extend(set_live(workspace, row.id, number, carried.as_ref(), ctx.now));
    statements.push(touch_live(row.id));
    Ok(statements)
}

async fn carried(
    ctx: &Ctx,
    workspace: WorkspaceId,
    row: &Row,
    after: &Manifest<Bytes>,
) -> Result<Option<Bytes>, Fault> {
    let before = load(ctx, workspace, row.manifest.as_ref()).await;
    let carried = load(ctx, workspace, row.carried.as_ref()).await;
    let bytes = carry(before.as_ref(), carried.as_ref(), after, day(ctx.now));
    Ok(bytes.map_err(|error| Fault::new(format!("what is carried {error}")))?.map(Bytes::from))
}

/// A manifest that cannot be read is done without: a deploy must be able to replace what is broken.
async fn load(ctx: &Ctx, workspace: WorkspaceId, hash: Option<&ManifestHash>) -> Option<Manifest<Bytes>> {
    match blobs::manifest(ctx, workspace, hash?).await.and_then(open) {
        Ok(manifest) => Some(manifest),
        Err(fault) => {
            platform::log(format_args!("{}: nothing of it is carried: {fault}", ctx.request));
            None
        }
    }
}

pub(super) fn open(bytes: Bytes) -> Result<Manifest<Bytes>, Fault> {
    Manifest::open(bytes).map_err(|error| Fault::new(format!("a stored manifest {error}")))
}
