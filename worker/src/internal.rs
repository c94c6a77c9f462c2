//! What the objects ask: what is desired of a runner, and to keep what it reported.

use patr_models::{
    endpoint::{Call, Reply, body::Json, body::NoContent},
    error::Common,
    internal::{
        desired::{GetDesired, Passed},
        record::RecordFacts,
    },
    wire::Snapshot,
};

use crate::{
    answer::Answer,
    ctx::Ctx,
    db::{deployments, runners},
};

pub(crate) async fn desired(ctx: &Ctx, (): (), call: Call<GetDesired>) -> Answer<GetDesired> {
    let id = call.path.runner;
    // The revision is read first: should something change in between, the snapshot is newer than it says, and the
    // change brings another one.
    let runner: Option<runners::Row> = ctx.db.optional(runners::by_id(id)).await?;
    let absent = || Common::NotFound { noun: "runner".to_owned(), name: id.to_string() };
    let revision = runner.ok_or_else(absent)?.revision;
    let rows: Vec<deployments::Row> = ctx.db.fetch(deployments::on_runner(id)).await?;
    let tombstones: Vec<deployments::TombstoneRow> = ctx.db.fetch(deployments::tombstones(id)).await?;
    let deployments = rows.into_iter().map(deployments::Row::desired).collect();
    let tombstones = tombstones.into_iter().map(Into::into).collect();
    let snapshot = Snapshot { revision, deployments, tombstones, ..Snapshot::default() };
    Ok(Reply::new(Json(Passed::try_from(&snapshot)?)))
}

pub(crate) async fn record(ctx: &Ctx, (): (), call: Call<RecordFacts>) -> Answer<RecordFacts> {
    let (runner, facts) = (call.path.runner, call.body.0);
    let releases = facts.releases.iter().flat_map(|fact| deployments::record(runner, fact, ctx.now));
    let gone = facts.gone.iter().map(|&deployment| deployments::bury(runner, deployment));
    let statements: Vec<_> = releases.chain(gone).collect();
    if !statements.is_empty() {
        ctx.db.batch(statements).await?;
    }
    Ok(Reply::new(NoContent))
}
