//! `patr logs`.

use std::{collections::BTreeMap, time::Duration};

use patr_models::{
    deployment::logs::{LogLine, Path, Query, ReadLogs},
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    time::Millis,
};

use super::suggest;
use crate::{
    args::deployment::Logs,
    client::Body,
    context::{Context, now},
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
    text,
};

/// Lines of each replica to begin with.
const TAIL: u32 = 100;
/// The same where the time or the text says already which lines are wanted.
const TAIL_OF_WANTED: u32 = 10_000;
/// Between two tries when a followed log breaks off.
const PAUSE: Duration = Duration::from_secs(2);

/// Show what a deployment writes; with `--follow` until Ctrl-C, through losses of the connection.
pub(super) async fn logs(args: Logs, ctx: &Context) -> Outcome {
    let named = args.name.clone();
    let query = query(&args, now());
    let mut reader = Reader { args, query, ctx, seen: BTreeMap::new() };
    tokio::select! {
        done = reader.run() => suggest::nearest(done, Some(&named), ctx).await,
        // Leaving is the ordinary end of following.
        Ok(()) = tokio::signal::ctrl_c() => Ok(Exit::Ok),
    }
}

fn query(args: &Logs, now: Millis) -> Query {
    let tail = if args.since.is_some() || args.search.is_some() { TAIL_OF_WANTED } else { TAIL };
    Query {
        follow: args.follow,
        tail: Some(args.tail.unwrap_or(tail)),
        runner: args.runner.clone(),
        replica: args.replica.clone(),
        since: args.since.map(|since| now - since),
        search: args.search.clone(),
    }
}

struct Reader<'c> {
    args: Logs,
    query: Query,
    ctx: &'c Context,
    /// The time of the last line of each replica: what is read again after a loss is shown once.
    seen: BTreeMap<String, Millis>,
}

impl Reader<'_> {
    async fn run(&mut self) -> Outcome {
        let mut lines = self.open().await?;
        loop {
            let lost = self.show(&mut lines).await?;
            match lost {
                None if !self.args.follow => return Ok(Exit::Ok),
                // Nothing runs just now. What starts next has something to say.
                None => {}
                Some(problem) if !self.args.follow => {
                    return Err(Failure::failed(format!("the log broke off: {problem}")).into());
                }
                Some(_) => self.ctx.printer.note("the log broke off; reading on"),
            }
            lines = self.reopen().await?;
        }
    }

    async fn open(&self) -> Outcome<Body> {
        let path = Path { workspace: self.ctx.workspace()?, deployment: self.args.name.clone() };
        let call = Call::<ReadLogs> { path, query: self.query.clone(), headers: NoHeaders, body: NoBody };
        Ok(self.ctx.client.stream(call).await?)
    }

    /// Tries until the log can be read again, or will never be.
    async fn reopen(&self) -> Outcome<Body> {
        loop {
            tokio::time::sleep(PAUSE).await;
            match self.open().await {
                Err(Stop::Failed(failure)) if failure.exit == Exit::Failed => {}
                opened => return opened,
            }
        }
    }

    /// Shows lines until the answer ends or breaks off.
    async fn show(&mut self, lines: &mut Body) -> Outcome<Option<String>> {
        let before = std::mem::take(&mut self.seen);
        self.seen.clone_from(&before);
        loop {
            match lines.line().await {
                Ok(Some(line)) => self.line(&line, &before)?,
                Ok(None) => return Ok(None),
                Err(problem) => return Ok(Some(problem)),
            }
        }
    }

    fn line(&mut self, line: &[u8], before: &BTreeMap<String, Millis>) -> Outcome<()> {
        // A line of another version's making is not worth ending over.
        let Ok(line) = serde_json::from_slice::<LogLine>(line) else { return Ok(()) };
        if before.get(&line.replica).is_some_and(|&seen| line.at <= seen) {
            return Ok(());
        }
        if self.ctx.printer.is_json() {
            self.ctx.printer.json_line(&line)?;
        } else {
            let at = self.args.timestamps.then(|| text::time(line.at));
            self.ctx.printer.log_line(at.as_deref(), &line.replica, &line.text)?;
        }
        self.seen.insert(line.replica, line.at);
        Ok(())
    }
}
