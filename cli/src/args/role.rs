//! `patr role`.

use clap::Subcommand;
use patr_models::{
    ids::{Ref, RoleId},
    name::Name,
};

use super::{ListArgs, grants::GrantArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// List roles, the built-in ones first
    List(ListArgs),
    /// Show a role and what it allows
    Show {
        /// Name or id
        name: Ref<RoleId>,
    },
    /// Make a role
    #[command(after_help = "\
Examples:
  patr role create releases --allow 'deployment:*' --except db --allow runner:view
  patr role create docs --allow site:view --allow site:deploy --only docs --allow site:edit --only docs
  patr role create auditors --allow '*:view'

`--only` and `--except` are about the `--allow` before them. `patr role show owner` lists every \
permission. Members can have several roles; what one of them allows is allowed. Nobody makes a role \
that allows more than they may do themselves.")]
    Create {
        /// Its name, unique in the workspace
        name: Name,
        #[command(flatten)]
        grants: GrantArgs,
    },
    /// Change a role, for everybody who has it
    #[command(after_help = "\
Examples:
  patr role update docs --allow site:view --allow site:deploy --only docs,handbook
  patr role update docs --rename writers

What is allowed is replaced as a whole, and counts from the next request of a member on.")]
    Update {
        /// Name or id
        name: Ref<RoleId>,
        /// The name from now on
        #[arg(long, value_name = "NAME")]
        rename: Option<Name>,
        #[command(flatten)]
        grants: GrantArgs,
    },
    /// Delete a role that nobody has
    Delete {
        /// Name or id
        name: Ref<RoleId>,
    },
}

impl Role {
    /// The role that the command is about, if it is about one that exists.
    pub(crate) fn named(&self) -> Option<&Ref<RoleId>> {
        match self {
            Self::List(_) | Self::Create { .. } => None,
            Self::Show { name } | Self::Update { name, .. } | Self::Delete { name } => Some(name),
        }
    }
}
