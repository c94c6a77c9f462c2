//! What replicas used, from the session that keeps it.

use std::time::Duration;

use futures_util::future::try_join_all;
use patr_models::{
    deployment::metrics::{GetMetrics, Metrics},
    endpoint::{Call, Reply, body::Json},
    internal::metrics::Query,
};

use super::deployments;
use crate::{answer::Answer, auth::Member, ctx::Ctx};

/// How far back, in seconds, when the caller does not say, and at most.
const SINCE: u32 = 3600;
const SINCE_MAX: u32 = 7 * 86_400;

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetMetrics>) -> Answer<GetMetrics> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    let back = Duration::from_secs(call.query.since_s.unwrap_or(SINCE).min(SINCE_MAX).into());
    let query = Query { deployment: row.id, since: ctx.now - back };
    let asked = row.placed.iter().map(|placed| ctx.runners.metrics(placed.runner, query.clone()));
    let series = try_join_all(asked).await?;
    Ok(Reply::new(Json(Metrics { replicas: series.into_iter().flatten().collect() })))
}
