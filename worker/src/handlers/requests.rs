//! What replicas were asked, through the tunnel.

use patr_models::{
    deployment::requests::{self, REMEMBERED, ReadRequests},
    endpoint::Call,
    wire::OpenRequest,
};
use worker::Response;

use super::{
    deployments,
    logs::{gather, lines, names},
};
use crate::{answer::Failure, auth::Member, ctx::Ctx, db::placements::meant};

/// Requests to begin with when the caller does not say.
const TAIL: u32 = 100;

pub(crate) async fn read(
    ctx: &Ctx,
    caller: Member,
    call: Call<ReadRequests>,
) -> Result<Response, Failure<ReadRequests>> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    let requests::Query { follow, tail, runner } = call.query;
    let not_placed = |runner| Failure::Api(requests::Error::NotPlaced { runner });
    let runners = meant(&row.placed, runner.as_ref()).map_err(not_placed)?;
    let tail = tail.unwrap_or(TAIL).min(REMEMBERED as u32);
    let request = OpenRequest::Requests { deployment: row.id, follow, tail };
    match gather(ctx, &runners, &request).await? {
        Some(body) => Ok(lines(body)?),
        None => Err(Failure::Api(requests::Error::RunnerAway { runner: names(&runners) })),
    }
}
