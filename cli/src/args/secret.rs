//! `patr secret`.

use std::path::PathBuf;

use clap::Subcommand;
use patr_models::name::Name;

use super::{ListArgs, deployment::Wait};

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Set a secret: its first value, or the next version of it
    #[command(after_help = "\
Examples:
  patr secret set db-password                          asks for the value, on a terminal
  openssl rand -hex 32 | patr secret set api-key
  patr secret set tls-key --from-file key.pem
  patr secret set api-key --roll-out < key.txt         and give it to the deployments that use it

A value is never an argument: those are seen by every process of a machine. Of a line that is typed or \
piped its end is dropped; what is piped and has more than one line, and what comes from a file, is kept \
byte for byte.

What runs goes on with the version that it was deployed with. `--roll-out` makes new releases of the \
deployments that use an older one, one after another, as `patr secret roll-out` does later.")]
    Set(Set),
    /// Give the newest version of a secret to the deployments that use an older one
    #[command(after_help = "\
Example:
  patr secret roll-out api-key

Each gets a new release, one after another, and is watched until it is live.")]
    RollOut {
        /// Its name
        name: Name,
        #[command(flatten)]
        wait: Wait,
    },
    /// List secrets, without their values
    List(ListArgs),
    /// Show a secret and what uses it, without its value
    Show {
        /// Its name
        name: Name,
    },
    /// Delete a secret that no deployment uses; earlier releases with it cannot come back
    Delete {
        /// Its name
        name: Name,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// What deployments call it, unique in the workspace
    pub(crate) name: Name,
    /// Take the value from a file instead of stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
    /// Make new releases of the deployments that use it
    #[arg(long)]
    pub(crate) roll_out: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

impl Secret {
    /// The secret that the command is about, if it is about one that exists.
    pub(crate) fn named(&self) -> Option<&Name> {
        match self {
            Self::Set(_) | Self::List(_) => None,
            Self::RollOut { name, .. } | Self::Show { name } | Self::Delete { name } => Some(name),
        }
    }
}
