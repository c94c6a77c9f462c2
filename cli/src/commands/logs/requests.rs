//! What a deployment was asked.

use std::time::Duration;

use patr_models::{
    deployment::requests::{Path, Query, ReadRequests, RequestLine},
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{DeploymentId, Ref},
    time::Millis,
};

use super::reader::Source;
use crate::{args::deployment::Logs, client::Body, context::Context, failure::Outcome, text};

pub(super) struct Requests {
    deployment: Ref<DeploymentId>,
    query: Query,
}

impl Requests {
    pub(super) fn new(args: &Logs) -> Self {
        let query = Query { follow: args.follow, tail: args.tail, runner: args.runner.clone() };
        Self { deployment: args.name.clone(), query }
    }
}

impl Source for Requests {
    type Line = RequestLine;

    async fn open(&self, ctx: &Context) -> Outcome<Body> {
        let path = Path { workspace: ctx.workspace()?, deployment: self.deployment.clone() };
        let call = Call::<ReadRequests> { path, query: self.query.clone(), headers: NoHeaders, body: NoBody };
        Ok(ctx.client.stream(call).await?)
    }

    /// Requests are told of when they have ended.
    fn place(line: &RequestLine) -> (&str, Millis) {
        (&line.replica, line.at + Duration::from_millis(line.total_ms.into()))
    }

    fn show(&self, line: &RequestLine, ctx: &Context) -> Outcome<()> {
        ctx.printer.raw(&format!("{}\n", text::escape(&sentence(line))))
    }
}

fn sentence(line: &RequestLine) -> String {
    let status = if line.status == 0 { "---".to_owned() } else { line.status.to_string() };
    let replica = if line.replica.is_empty() { "-" } else { &line.replica };
    format!(
        "{}  {status}  {:>7}  {:>9}  {}  {replica} | {} {}{}",
        text::time(line.at),
        format!("{} ms", line.total_ms),
        text::bytes(line.bytes),
        line.client,
        line.method,
        line.host,
        line.target,
    )
}
