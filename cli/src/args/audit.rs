//! `patr audit`.

use std::path::PathBuf;

use clap::Subcommand;
use patr_models::{
    audit::{Outcome, list::Query},
    time::Millis,
};

use super::ListArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List what was done and what was refused, newest first
    #[command(after_help = "\
Examples:
  patr audit list --outcome refused
  patr audit list --action DeleteDeployment --from 2026-01-31T00:00:00Z
  patr audit list --account         log-ins, those that failed, and tokens")]
    List(Box<List>),
    /// Write out the whole log, oldest first, a line of JSON each
    #[command(after_help = "\
Example:
  patr audit export > acme.ndjson")]
    Export {
        /// The log of your account instead of the workspace's
        #[arg(long)]
        account: bool,
    },
    /// Check that an export is as it was written; no installation is asked
    #[command(after_help = "\
Examples:
  patr audit verify acme.ndjson
  patr audit export | patr audit verify -
  patr audit verify acme.ndjson --head 7d78163e6bd57ce8ebd301f46508b3f3fd353276700f3db061137de50dc735f9

It names the first entry that was changed, replaced, dropped, inserted or moved. Note the head that it shows: \
a log whose end was cut off or written anew has it no more.")]
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) list: ListArgs,
    /// The log of your account instead of the workspace's
    #[arg(long)]
    pub(crate) account: bool,
    /// Only by this user, token or session
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// Only this endpoint, such as `CreateRunner`
    #[arg(long, value_name = "NAME")]
    pub(crate) action: Option<String>,
    /// Only about this resource
    #[arg(long, value_name = "ID")]
    pub(crate) resource: Option<String>,
    /// Only what ended so: `done` or `refused`
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    pub(crate) outcome: Option<Outcome>,
    /// Only from this moment on
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Millis>,
    /// Only before this moment
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Millis>,
}

impl List {
    pub(crate) fn query(&self) -> Query {
        let page = self.list.query();
        Query {
            limit: page.limit,
            cursor: page.cursor,
            name: page.name,
            actor: self.actor.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            outcome: self.outcome,
            from: self.from,
            to: self.to,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// What `patr audit export` wrote; `-` reads stdin
    pub(crate) file: PathBuf,
    /// A hash that was noted earlier, which one of the entries must have
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let found = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
    found.ok_or_else(|| format!("`{text}` is no outcome: use `done` or `refused`"))
}
