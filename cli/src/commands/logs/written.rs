//! What replicas write.

use patr_models::{
    deployment::logs::{LogLine, Path, Query, ReadLogs},
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{DeploymentId, Ref},
    time::Millis,
};

use super::reader::Source;
use crate::{args::deployment::Logs, client::Body, context::Context, failure::Outcome, text};

/// Lines of each replica to begin with.
const TAIL: u32 = 100;
/// The same where the time or the text says already which lines are wanted.
const TAIL_OF_WANTED: u32 = 10_000;

pub(super) struct Written {
    deployment: Ref<DeploymentId>,
    query: Query,
    timestamps: bool,
}

impl Written {
    pub(super) fn new(args: &Logs, now: Millis) -> Self {
        let tail = if args.since.is_some() || args.search.is_some() { TAIL_OF_WANTED } else { TAIL };
        let query = Query {
            follow: args.follow,
            tail: Some(args.tail.unwrap_or(tail)),
            runner: args.runner.clone(),
            replica: args.replica.clone(),
            since: args.since.map(|since| now - since),
            search: args.search.clone(),
        };
        Self { deployment: args.name.clone(), query, timestamps: args.timestamps }
    }
}

impl Source for Written {
    type Line = LogLine;

    async fn open(&self, ctx: &Context) -> Outcome<Body> {
        let path = Path { workspace: ctx.workspace()?, deployment: self.deployment.clone() };
        let call = Call::<ReadLogs> { path, query: self.query.clone(), headers: NoHeaders, body: NoBody };
        Ok(ctx.client.stream(call).await?)
    }

    fn place(line: &LogLine) -> (&str, Millis) {
        (&line.replica, line.at)
    }

    fn show(&self, line: &LogLine, ctx: &Context) -> Outcome<()> {
        let at = self.timestamps.then(|| text::time(line.at));
        ctx.printer.log_line(at.as_deref(), &line.replica, &line.text)
    }
}
