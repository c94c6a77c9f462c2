//! `patr login`, `workspace`.

use clap::Subcommand;
use patr_models::{
    ids::{Ref, WorkspaceId},
    name::{Email, WorkspaceName},
};

use super::ListArgs;
use crate::env_vars;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr login --url https://patr.example.com                    in the browser
  patr login --url https://patr.example.com --no-browser       in a browser elsewhere
  patr login --url https://patr.example.com --email ada@example.com
  patr login --url https://patr.example.com --token-stdin < token.txt
  patr login --url https://patr.example.com --workspace acme --oidc      in a job of CI

The browser shows a code, and asks whether it is the one that is shown here. What is saved goes into the \
keyring of the system where there is one, else into a file that only you can read; PATR_KEYRING=off \
always takes the file. In CI, log in with `--oidc`, or set PATR_URL and PATR_TOKEN instead: nothing is saved then.")]
pub(crate) struct Login {
    /// Log in with this address and its password instead of in the browser
    #[arg(long)]
    pub(crate) email: Option<Email>,
    /// Open no browser: show the address and the code
    #[arg(long, conflicts_with_all = ["email", "token_stdin"])]
    pub(crate) no_browser: bool,
    /// Read the password from stdin instead of asking
    #[arg(long, conflicts_with_all = ["token_stdin", "no_browser"])]
    pub(crate) password_stdin: bool,
    /// A code of your authenticator app, or a recovery code; asked for when one is wanted
    #[arg(long, conflicts_with = "token_stdin")]
    pub(crate) code: Option<String>,
    /// Read an API token from stdin and log in with that
    #[arg(long, conflicts_with = "email")]
    pub(crate) token_stdin: bool,
    /// Log in as a job of CI that the workspace trusts, for an hour; see `patr help federation add`
    #[arg(long, conflicts_with_all = ["email", "token_stdin", "password_stdin", "no_browser", "code"])]
    pub(crate) oidc: bool,
    /// What GitHub makes the job's ID token for, where the federation has an audience of its own
    /// [default: the address of the installation]
    #[arg(long, value_name = "TEXT", requires = "oidc")]
    pub(crate) audience: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The first account of an installation needs its bootstrap secret, which the local edge prints on its \
first start: a fresh installation cannot be taken over by whoever comes first.

Example:
  patr sign-up --url http://localhost:8787 --email ada@example.com --bootstrap-secret SECRET")]
pub(crate) struct SignUp {
    /// Your address; asked for when absent
    #[arg(long)]
    pub(crate) email: Option<Email>,
    /// Read the password from stdin instead of asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// What a fresh installation printed
    #[arg(long, value_name = "SECRET", env = env_vars::BOOTSTRAP_SECRET, hide_env_values = true)]
    pub(crate) bootstrap_secret: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Workspace {
    /// Make a workspace and own it
    #[command(after_help = "\
Example:
  patr workspace create acme

The name is part of every automatic URL of the workspace, as in `https://web-acme.<apps domain>`.")]
    Create {
        /// Its name, unique in the installation
        name: WorkspaceName,
    },
    /// List your workspaces
    List(ListArgs),
    /// Work in a workspace from now on
    #[command(after_help = "\
Examples:
  patr workspace use acme
  patr -w acme deployment list      for one command only; PATR_WORKSPACE does the same for a shell")]
    Use {
        /// Name or id
        name: Ref<WorkspaceId>,
    },
    /// Show a workspace
    Show {
        /// Name or id [default: the one in use]
        name: Option<Ref<WorkspaceId>>,
    },
    /// Rename a workspace; automatic hosts keep the name they were made with
    Rename {
        /// Name or id
        name: Ref<WorkspaceId>,
        /// The name from now on
        new_name: WorkspaceName,
    },
    /// Show what you may do in a workspace
    Permissions {
        /// Name or id [default: the one in use]
        name: Option<Ref<WorkspaceId>>,
    },
    /// Leave a workspace
    Leave {
        /// Name or id
        name: Ref<WorkspaceId>,
    },
    /// Delete an empty workspace
    Delete {
        /// Name or id
        name: Ref<WorkspaceId>,
    },
}

impl Workspace {
    /// The workspace that the command names, if it names one.
    pub(crate) fn named(&self) -> Option<&Ref<WorkspaceId>> {
        match self {
            Self::Create { .. } | Self::List(_) => None,
            Self::Show { name } | Self::Permissions { name } => name.as_ref(),
            Self::Use { name } | Self::Rename { name, .. } | Self::Leave { name } | Self::Delete { name } => {
                Some(name)
            }
        }
    }
}
