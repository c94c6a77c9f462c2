//! Copies of volumes at one moment.

use patr_models::{
    deployment::Power,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::SnapshotId,
    volume::{
        VolumeSnapshot,
        create_snapshot::CreateSnapshot,
        delete_snapshot::DeleteSnapshot,
        list_snapshots::ListSnapshots,
        restore::{self, RestoreVolume},
    },
    wire::{SnapshotMade, VolumeWork},
};

use super::{
    find,
    work::{check_snapshot, perform},
};
use crate::{
    answer::{Answer, Failure},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError,
        volumes::{self as db, Row, SnapshotRow, UseRow},
    },
    handlers::{absent, check_cursor, page},
    platform::log,
};

pub(crate) async fn create_snapshot(
    ctx: &Ctx,
    caller: Member,
    call: Call<CreateSnapshot>,
) -> Answer<CreateSnapshot> {
    let row = find(ctx, &caller, &call.path.volume).await?;
    let id: SnapshotId = ctx.id()?;
    let made = perform(ctx, &row, VolumeWork::Snapshot { volume: row.id, snapshot: id }).await?;
    let SnapshotMade { bytes } = serde_json::from_slice(&made)?;
    let snapshot = VolumeSnapshot { id, bytes, created_at: ctx.now };
    let what = audited::<CreateSnapshot>(id, row.name.as_str()).of(row.id).with("bytes", &bytes);
    let insert = db::snapshot_insert(row.id, &snapshot);
    if let Err(error) = ctx.write(&caller, what, vec![insert]).await {
        abandon(ctx, &row, id).await;
        return Err(match error {
            DbError::Reference => absent("volume", row.name).into(),
            error => error.into(),
        });
    }
    Ok(Reply::new(Created(snapshot)))
}

/// Nobody knows of this snapshot. Should the runner not hear of that, it goes with its volume.
async fn abandon(ctx: &Ctx, row: &Row, snapshot: SnapshotId) {
    if perform(ctx, row, VolumeWork::Forget { snapshot }).await.is_err() {
        log(format_args!("{}: {snapshot} of {} is left on {}", ctx.request, row.id, row.runner_id));
    }
}

pub(crate) async fn snapshots(ctx: &Ctx, caller: Member, call: Call<ListSnapshots>) -> Answer<ListSnapshots> {
    check_cursor::<SnapshotId>(&call.query)?;
    let row = find(ctx, &caller, &call.path.volume).await?;
    let rows: Vec<SnapshotRow> = ctx.db.fetch(db::snapshots(row.id, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), Into::into))))
}

pub(crate) async fn restore(ctx: &Ctx, caller: Member, call: Call<RestoreVolume>) -> Answer<RestoreVolume> {
    let row = find(ctx, &caller, &call.path.volume).await?;
    let snapshot = call.body.0.snapshot;
    check_snapshot(ctx, &row, snapshot).await?;
    let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&[row.id])).await?;
    if let Some(used) = uses.into_iter().find(|used| used.power == Power::Running) {
        return Err(Failure::Api(restore::Error::VolumeInUse { deployment: used.deployment }));
    }
    perform(ctx, &row, VolumeWork::Restore { volume: row.id, snapshot }).await?;
    let what = audited::<RestoreVolume>(row.id, row.name.as_str()).with("snapshot", &snapshot);
    ctx.write(&caller, what, Vec::new()).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn delete_snapshot(
    ctx: &Ctx,
    caller: Member,
    call: Call<DeleteSnapshot>,
) -> Answer<DeleteSnapshot> {
    let row = find(ctx, &caller, &call.path.volume).await?;
    let snapshot = call.path.snapshot;
    check_snapshot(ctx, &row, snapshot).await?;
    // Before its row goes: what is still on the runner stays in the list.
    perform(ctx, &row, VolumeWork::Forget { snapshot }).await?;
    let what = audited::<DeleteSnapshot>(snapshot, row.name.as_str()).of(row.id);
    match ctx.write(&caller, what, db::snapshot_delete(snapshot)).await {
        Err(DbError::Stale) => Err(absent("snapshot", snapshot).into()),
        outcome => {
            outcome?;
            Ok(Reply::new(NoContent))
        }
    }
}
