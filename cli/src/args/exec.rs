//! `patr exec`.

use patr_models::ids::{DeploymentId, Ref, RunnerId};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr exec web -- ls -l /etc/nginx
  patr exec web -- sh                                     a shell, with a terminal when this is one
  patr exec db --replica 3f9a -- pg_dump app > app.sql
  patr exec db -- psql app < app.sql                      what is piped in is its standard input

The exit status is that of the command. No shell reads the words after `--`: for pipes and variables run \
one, as `sh -c '…'`. The command runs beside what the replica runs, which goes on when it ends.")]
pub(crate) struct Exec {
    /// The deployment, by name or id
    pub(crate) name: Ref<DeploymentId>,
    /// The replica, by the beginning of its id, as `patr deployment show` lists them [default: any one]
    #[arg(long, value_name = "ID")]
    pub(crate) replica: Option<String>,
    /// On which of its runners [default: the first, or where the replica is]
    #[arg(long, value_name = "NAME")]
    pub(crate) runner: Option<Ref<RunnerId>>,
    /// Give it a terminal [default: when stdin and stdout are one]
    #[arg(long, short)]
    pub(crate) tty: bool,
    /// Give it no terminal, so that stdout and stderr stay apart
    #[arg(long, conflicts_with = "tty")]
    pub(crate) no_tty: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

impl Exec {
    /// Whether the command gets a terminal, where `here` says whether there is one.
    pub(crate) fn wants_terminal(&self, here: bool) -> bool {
        self.tty || (here && !self.no_tty)
    }
}
