//! `patr runner`.

use clap::Subcommand;
use patr_models::{
    ids::{Ref, RunnerId},
    name::Name,
    runner::RuntimeKind,
};

use super::ListArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Runner {
    /// Add a runner and print the token with which its machine joins
    #[command(after_help = "\
Example:
  patr runner add home

The token goes to stdout, once; how to install the agent with it goes to stderr. The agent dials out
only: the machine needs no public address and no open port.")]
    Add {
        name: Name,
        /// What the machine runs containers with
        #[arg(long, value_enum, default_value_t = Runtime::Docker)]
        runtime: Runtime,
    },
    /// List runners
    List(ListArgs),
    /// Show a runner
    Show { name: Ref<RunnerId> },
    /// Rename a runner
    Rename { name: Ref<RunnerId>, new_name: Name },
    /// Replace a runner's token; the old one is refused from now on, what runs there runs on
    RotateToken { name: Ref<RunnerId> },
    /// Remove a runner that has no deployments
    Remove { name: Ref<RunnerId> },
}

/// The runtimes that an agent can drive today.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Runtime {
    Docker,
}

impl From<Runtime> for RuntimeKind {
    fn from(runtime: Runtime) -> Self {
        match runtime {
            Runtime::Docker => Self::Docker,
        }
    }
}
