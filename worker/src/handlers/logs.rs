//! What replicas write, through the tunnel.

use patr_models::{
    deployment::logs::{self, ReadLogs},
    endpoint::Call,
    wire::OpenRequest,
};
use worker::{Headers, Response, ResponseBuilder};

use super::deployments;
use crate::{
    answer::Failure,
    auth::Member,
    ctx::Ctx,
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
    let logs::Query { follow, tail, replica, since, search } = call.query;
    let tail = tail.unwrap_or(TAIL);
    let request = OpenRequest::Logs { deployment: row.id, follow, tail, replica, since, search };
    match open(ctx, row.runner_id, 0, &request, None).await? {
        Opened::Answer(response) => Ok(lines(response)?),
        Opened::Trouble(_) => {
            Err(Failure::Api(logs::Error::RunnerAway { runner: row.runner_name.to_string() }))
        }
    }
}

/// Lines of JSON that go on while they are read.
pub(super) fn lines(response: Response) -> worker::Result<Response> {
    // What comes from an object is immutable: the body goes on under headers of our own.
    let headers = Headers::new();
    headers.set("content-type", "application/x-ndjson")?;
    headers.set("cache-control", "no-store")?;
    Ok(ResponseBuilder::new().with_headers(headers).body(response.into_parts().1))
}
