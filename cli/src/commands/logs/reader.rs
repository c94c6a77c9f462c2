//! Reads lines from a runner, and goes on where they broke off.

use std::{collections::BTreeMap, time::Duration};

use patr_models::time::Millis;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    client::Body,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
};

/// Between two tries when a followed log breaks off.
const PAUSE: Duration = Duration::from_secs(2);

/// Lines of one kind.
pub(super) trait Source {
    type Line: Serialize + DeserializeOwned;

    /// Asks for them.
    async fn open(&self, ctx: &Context) -> Outcome<Body>;
    /// Who wrote a line, and when: lines of one writer come in this order.
    fn place(line: &Self::Line) -> (&str, Millis);
    /// Shows a line to a person.
    fn show(&self, line: &Self::Line, ctx: &Context) -> Outcome<()>;
}

pub(super) struct Reader<'c, S> {
    source: S,
    follow: bool,
    ctx: &'c Context,
    /// The time of the last line of each writer: what is read again after a loss is shown once.
    seen: BTreeMap<String, Millis>,
}

impl<'c, S: Source> Reader<'c, S> {
    pub(super) fn new(source: S, follow: bool, ctx: &'c Context) -> Self {
        Self { source, follow, ctx, seen: BTreeMap::new() }
    }

    pub(super) async fn run(&mut self) -> Outcome {
        let mut lines = self.source.open(self.ctx).await?;
        loop {
            let lost = self.show(&mut lines).await?;
            match lost {
                None if !self.follow => return Ok(Exit::Ok),
                // Nothing runs just now. What starts next has something to say.
                None => {}
                Some(problem) if !self.follow => {
                    return Err(Failure::failed(format!("the log broke off: {problem}")).into());
                }
                Some(_) => self.ctx.printer.note("the log broke off; reading on"),
            }
            lines = self.reopen().await?;
        }
    }

    /// Tries until the log can be read again, or will never be.
    async fn reopen(&self) -> Outcome<Body> {
        loop {
            tokio::time::sleep(PAUSE).await;
            match self.source.open(self.ctx).await {
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
        let Ok(line) = serde_json::from_slice::<S::Line>(line) else { return Ok(()) };
        let (writer, at) = S::place(&line);
        if before.get(writer).is_some_and(|&seen| at <= seen) {
            return Ok(());
        }
        if self.ctx.printer.is_json() {
            self.ctx.printer.json_line(&line)?;
        } else {
            self.source.show(&line, self.ctx)?;
        }
        self.seen.insert(writer.to_owned(), at);
        Ok(())
    }
}
