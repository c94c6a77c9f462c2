//! What replicas write, through the tunnels of their runners.

mod merge;

use futures_util::future::try_join_all;
use patr_models::{
    deployment::logs::{self, ReadLogs},
    endpoint::Call,
    wire::OpenRequest,
};
use worker::{Headers, Response, ResponseBody, ResponseBuilder};

use super::deployments;
use crate::{
    answer::{Failure, Fault},
    auth::Member,
    ctx::Ctx,
    db::placements::{Row as Placed, meant},
    ingress::tunnel::{Opened, open},
};

/// Lines of each replica when the caller does not say.
const TAIL: u32 = 100;

pub(crate) async fn read(
    ctx: &Ctx,
    caller: Member,
    call: Call<ReadLogs>,
) -> Result<Response, Failure<ReadLogs>> {
    let row = deployments::find(ctx, &caller, &call.path.deployment).await?;
    let logs::Query { follow, tail, runner, replica, since, search } = call.query;
    let not_placed = |runner| Failure::Api(logs::Error::NotPlaced { runner });
    let runners = meant(&row.placed, runner.as_ref()).map_err(not_placed)?;
    let tail = tail.unwrap_or(TAIL);
    let request = OpenRequest::Logs { deployment: row.id, follow, tail, replica, since, search };
    match gather(ctx, &runners, &request).await? {
        Some(body) => Ok(lines(body)?),
        None => Err(Failure::Api(logs::Error::RunnerAway { runner: names(&runners) })),
    }
}

/// What these runners answer, by lines. One that is away has nothing to say, if another does.
pub(super) async fn gather(
    ctx: &Ctx,
    runners: &[&Placed],
    request: &OpenRequest,
) -> Result<Option<ResponseBody>, Fault> {
    let opened = runners.iter().map(|on| open(ctx, on.runner, 0, request, None));
    let mut bodies = Vec::new();
    for opened in try_join_all(opened).await? {
        if let Opened::Answer(response) = opened {
            bodies.push(response);
        }
    }
    if bodies.len() > 1 {
        return Ok(Some(merge::merge(bodies)?));
    }
    Ok(bodies.pop().map(|only| only.into_parts().1))
}

/// What runners are called, as the middle of a quotation.
pub(super) fn names(runners: &[&Placed]) -> String {
    runners.iter().map(|on| on.name.to_string()).collect::<Vec<_>>().join("`, `")
}

/// What comes from an object is immutable: the body goes on under headers of our own.
pub(super) fn lines(body: ResponseBody) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/x-ndjson")?;
    headers.set("cache-control", "no-store")?;
    Ok(ResponseBuilder::new().with_headers(headers).body(body))
}
