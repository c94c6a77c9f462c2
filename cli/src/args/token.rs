//! `patr token`.

use std::time::Duration;

use clap::Subcommand;
use patr_models::{
    ids::{Ref, TokenId, WorkspaceId},
    managed_url::Network,
    name::Name,
};

use super::{ListArgs, grants::GrantArgs, values};

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make an API token; it is shown once
    #[command(after_help = "\
Examples:
  patr token create ci --expires-in 90d
  patr token create ci --only-workspace acme --from 192.0.2.0/24 > token.txt
  patr token create docs --allow site:view --allow site:deploy --only docs
  patr token create ops --only-workspace acme --only-workspace umbrella --allow 'deployment:*'

Without `--allow` it may whatever you may, also later. With it, only that, in each of the workspaces \
(the one in use, if none is named), and never more than you. A program hands it over in PATR_TOKEN; \
only the token goes to stdout.")]
    Create(Create),
    /// List your API tokens
    List(ListArgs),
    /// Show an API token: what it opens, from where, and when it was last used
    Show {
        /// Name or id
        name: Ref<TokenId>,
    },
    /// Replace the secret of an API token; the new one is shown once
    #[command(after_help = "\
Examples:
  patr token rotate ci > token.txt
  patr token rotate ci --overlap 1h     the old secret is good for an hour more")]
    Rotate {
        /// Name or id
        name: Ref<TokenId>,
        /// How long the old secret stays good, such as `10m` or `24h` [default: not at all]
        #[arg(long, value_name = "TIME", value_parser = values::seconds, default_value = "0s", hide_default_value = true)]
        overlap: u32,
    },
    /// Revoke an API token, and those that it made
    Revoke {
        /// Name or id
        name: Ref<TokenId>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What it is for, unique among your tokens
    pub(crate) name: Name,
    /// A workspace that it opens; may be given several times [default: all of yours]
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) only_workspace: Vec<Ref<WorkspaceId>>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// A network that it may be used from, such as `192.0.2.0/24`; may be given several times [default: everywhere]
    #[arg(long, value_name = "NETWORK")]
    pub(crate) from: Vec<Network>,
    /// When it becomes good, such as `2h` from now or `2026-01-31T12:00:00Z` [default: at once]
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    pub(crate) not_before: Option<values::Moment>,
    /// How long it is good for, such as `90d` or `12h` [default: until revoked]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) expires_in: Option<Duration>,
}
