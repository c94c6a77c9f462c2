//! `patr runner`.

use clap::Subcommand;
use patr_models::{
    deployment::ImageRef,
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
  patr runner add cluster --runtime kubernetes | kubectl apply --filename -

The token goes to stdout, once; how to install the agent with it goes to stderr. The agent dials out \
only: the machine needs no public address and no open port. For Kubernetes a manifest with the token in it goes to stdout.")]
    Add {
        /// What to call the machine, unique in the workspace
        name: Name,
        /// What the machine runs containers with
        #[arg(long, value_enum, default_value_t = Runtime::Docker)]
        runtime: Runtime,
        #[command(flatten)]
        agent: Agent,
    },
    /// List runners
    List(ListArgs),
    /// Show a runner
    Show {
        /// Name or id
        name: Ref<RunnerId>,
    },
    /// Rename a runner
    Rename {
        /// Name or id
        name: Ref<RunnerId>,
        /// The name from now on
        new_name: Name,
    },
    /// Replace a runner's token; the old one is refused at once
    #[command(after_help = "\
Example:
  patr runner rotate-token home

The agent stops until it is started with the new token. Containers run on meanwhile.")]
    RotateToken {
        /// Name or id
        name: Ref<RunnerId>,
        #[command(flatten)]
        agent: Agent,
    },
    /// Remove a runner that has neither deployments nor volumes
    Remove {
        /// Name or id
        name: Ref<RunnerId>,
    },
}

impl Runner {
    /// The runner that the command is about, if it is about one.
    pub(crate) fn named(&self) -> Option<&Ref<RunnerId>> {
        match self {
            Self::Add { .. } | Self::List(_) => None,
            Self::Show { name }
            | Self::Rename { name, .. }
            | Self::RotateToken { name, .. }
            | Self::Remove { name } => Some(name),
        }
    }
}

/// What is printed to install.
#[derive(Debug, clap::Args)]
pub(crate) struct Agent {
    /// The agent's image, where the machine or the cluster's nodes find it
    #[arg(long, value_name = "REF", default_value = concat!("patr-runner:", env!("CARGO_PKG_VERSION")))]
    pub(crate) image: ImageRef,
}

/// The runtimes that an agent can drive today.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Runtime {
    Docker,
    Kubernetes,
}

impl From<Runtime> for RuntimeKind {
    fn from(runtime: Runtime) -> Self {
        match runtime {
            Runtime::Docker => Self::Docker,
            Runtime::Kubernetes => Self::Kubernetes,
        }
    }
}
