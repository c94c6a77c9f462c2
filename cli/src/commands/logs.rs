//! `patr logs`.

use patr_models::{
    deployment::logs::{LogLine, Path, Query, ReadLogs},
    endpoint::{Call, body::NoBody, headers::NoHeaders},
};

use crate::{
    args::deployment::Logs,
    context::Context,
    exit_code::Exit,
    failure::{Outcome, doing},
};

/// Show what a deployment writes.
pub(super) async fn logs(args: Logs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment: args.name };
    let query = Query { follow: args.follow, tail: Some(args.tail) };
    let call = Call::<ReadLogs> { path, query, headers: NoHeaders, body: NoBody };
    let mut lines = ctx.client.stream(call).await?;
    while let Some(line) = lines.next().await? {
        let line: LogLine =
            serde_json::from_slice(&line).map_err(|error| doing("reading the logs", error))?;
        if ctx.printer.is_json() {
            ctx.printer.json_line(&line)?;
        } else {
            ctx.printer.log_line(&line.replica, &line.text)?;
        }
    }
    Ok(Exit::Ok)
}
