//! What replicas were asked, through the tunnel.

use patr_models::{
    deployment::requests::{self, REMEMBERED, ReadRequests},
    endpoint::Call,
    wire::OpenRequest,
};
use worker::Response;

use super::{deployments, logs::lines};
use crate::{
    answer::Failure,
    auth::Member,
    ctx::Ctx,
    ingress::tunnel::{Opened, open},
};

/// Requests to begin with when the caller does not say.
const TAIL: u32 = 100;

pub(crate) async fn read(
    ctx: &Ctx,
    caller: Member,
    call: Call<ReadRequests>,
) -> Result<Response, Failure<ReadRequests>> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    let requests::Query { follow, tail } = call.query;
    let tail = tail.unwrap_or(TAIL).min(REMEMBERED as u32);
    let request = OpenRequest::Requests { deployment: row.id, follow, tail };
    match open(ctx, row.runner_id, 0, &request, None).await? {
        Opened::Answer(response) => Ok(lines(response)?),
        Opened::Trouble(_) => {
            Err(Failure::Api(requests::Error::RunnerAway { runner: row.runner_name.to_string() }))
        }
    }
}
