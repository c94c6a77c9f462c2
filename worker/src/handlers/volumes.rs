//! Persistent storage on runners.

mod copy;
mod snapshots;
mod state;
mod work;

use std::collections::{BTreeSet, HashMap};

use futures_util::future::join_all;
use patr_models::{
    auth::Permission,
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
    },
    ids::{Ref, VolumeId},
    internal::observe::Observed,
    page::Page,
    volume::{
        Volume,
        create::{self, CreateVolume},
        delete::{self, DeleteVolume},
        get::GetVolume,
        list::ListVolumes,
    },
};

pub(crate) use copy::copy;
pub(crate) use snapshots::{create_snapshot, delete_snapshot, restore, snapshots};
pub(crate) use work::read;

use super::{absent, check_cursor, deployments::TRIES, page};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Audited, Ctx, audited},
    db::{
        DbError, runners,
        volumes::{self as db, New, Row, UseRow},
    },
};

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateVolume>) -> Answer<CreateVolume> {
    let create::Body { name, runner, shared } = call.body.0;
    let found: Option<runners::Row> = ctx.db.optional(runners::get(caller.workspace, &runner)).await?;
    let found = found.filter(|found| caller.may(Permission::RunnerView, &found.id));
    let unknown = || Failure::Api(create::Error::RunnerNotFound { runner: runner.to_string() });
    let on = found.ok_or_else(unknown)?.id;
    let (id, workspace, now) = (ctx.id()?, caller.workspace, ctx.now);
    let new = New { id, workspace, runner: on, name, shared, copying: false, now };
    let statements = vec![db::insert(&new), runners::touch(on)];
    match ctx.write(&caller, made::<CreateVolume>(&new), statements).await {
        Err(error) if error.is_unique("volumes.workspace_id") => {
            return Err(Failure::Api(create::Error::NameTaken { name: new.name }));
        }
        // The runner went away meanwhile.
        Err(DbError::Reference) => return Err(unknown()),
        outcome => outcome?,
    }
    ctx.runners.wake(on).await;
    let row = find(ctx, &caller, &id.into()).await?;
    Ok(Reply::new(Created(model(ctx, row).await?)))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetVolume>) -> Answer<GetVolume> {
    let row = find(ctx, &caller, &call.path.volume).await?;
    Ok(Reply::new(Json(model(ctx, row).await?)))
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListVolumes>) -> Answer<ListVolumes> {
    check_cursor::<VolumeId>(&call.query)?;
    let rows: Vec<Row> =
        ctx.db.fetch(db::list(caller.workspace, caller.scope(Permission::VolumeView), &call.query)).await?;
    let Page { items, next } = page(rows, &call.query, |row| row.id.to_string(), |row| row);
    let ids: Vec<_> = items.iter().map(|row| row.id).collect();
    let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&ids)).await?;
    // Each session is asked once.
    let runners: BTreeSet<_> = items.iter().map(|row| row.runner_id).collect();
    let seen = join_all(runners.iter().map(|&runner| ctx.runners.look(runner))).await;
    let seen: HashMap<_, _> = runners.into_iter().zip(seen).collect();
    let model = |row: Row| {
        let observed = seen.get(&row.runner_id)?;
        Some(with(ctx, row, &uses, observed))
    };
    Ok(Reply::new(Json(Page { items: items.into_iter().filter_map(model).collect(), next })))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteVolume>) -> Answer<DeleteVolume> {
    for _ in 0..TRIES {
        let row = find(ctx, &caller, &call.path.volume).await?;
        let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&[row.id])).await?;
        if let Some(used) = uses.into_iter().next() {
            return Err(Failure::Api(delete::Error::VolumeInUse { deployment: used.deployment }));
        }
        let mut statements = db::delete(row.id, row.runner_id);
        statements.push(runners::touch(row.runner_id));
        let what = audited::<DeleteVolume>(row.id, row.name.as_str());
        let what = what.without("runner", &row.runner_id).without("shared", &row.shared);
        match ctx.write(&caller, what, statements).await {
            Err(DbError::Stale) => continue,
            outcome => outcome?,
        }
        ctx.runners.wake(row.runner_id).await;
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

/// What the audit log says of a new one.
fn made<E: ApiEndpoint>(new: &New) -> Audited<'_> {
    audited::<E>(new.id, new.name.as_str()).with("runner", &new.runner).with("shared", &new.shared)
}

async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<VolumeId>) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("volume", reference))?)
}

async fn model(ctx: &Ctx, row: Row) -> Result<Volume, Refused> {
    let uses: Vec<UseRow> = ctx.db.fetch(db::uses(&[row.id])).await?;
    let observed = ctx.runners.look(row.runner_id).await;
    Ok(with(ctx, row, &uses, &observed))
}

fn with(ctx: &Ctx, row: Row, uses: &[UseRow], observed: &Observed) -> Volume {
    let seen = state::seen(row.id, observed);
    let uses = uses.iter().filter(|used| used.volume_id == row.id);
    let used_by: BTreeSet<_> = uses.map(|used| used.deployment.clone()).collect();
    Volume {
        id: row.id,
        state: state::derive(row.made && !row.copying, seen.is_some(), observed, ctx.now),
        name: row.name,
        runner: row.runner_id,
        runner_name: row.runner_name,
        shared: row.shared,
        bytes: seen.and_then(|seen| seen.bytes),
        used_by: used_by.into_iter().collect(),
        created_at: row.created_at,
    }
}

#[cfg(test)]
#[path = "volumes_tests.rs"]
mod tests;
