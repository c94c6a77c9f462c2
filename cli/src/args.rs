//! The command line: what can be typed, and the help for it. Nothing here acts.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod deploy;
pub(crate) mod deployment;
pub(crate) mod exec;
pub(crate) mod federation;
pub(crate) mod grants;
pub(crate) mod managed_url;
pub(crate) mod member;
pub(crate) mod oauth;
pub(crate) mod port_forward;
pub(crate) mod role;
pub(crate) mod runner;
pub(crate) mod secret;
pub(crate) mod site;
pub(crate) mod spec;
pub(crate) mod token;
pub(crate) mod url_options;
pub(crate) mod values;
pub(crate) mod volume;

use clap::{Parser, Subcommand};
use patr_models::{
    ids::{Ref, WorkspaceId},
    page::{Cursor, ListQuery},
};

use crate::{base_url::BaseUrl, env_vars, printer::Format};

/// Deploy containers and static sites to machines you own
#[derive(Debug, Parser)]
#[command(
    name = "patr",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Begin with:
  patr login --url https://patr.example.com     log in (`patr sign-up` makes an account)
  patr runner add home                          let a machine join
  patr deploy nginx:1 --name web --port 80      run an image on it
  patr site deploy ./dist --name docs           serve files at the edge

`patr help COMMAND` explains a command and shows examples; `patr help exit-codes` says what the exit \
status means."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The installation, such as `https://patr.example.com` [default: the last one logged in to]
    #[arg(long, global = true, env = env_vars::URL, hide_env_values = true)]
    pub(crate) url: Option<BaseUrl>,
    /// The workspace, by name or id [default: see `patr workspace use`]
    #[arg(long, short, global = true, env = env_vars::WORKSPACE, hide_env_values = true)]
    pub(crate) workspace: Option<Ref<WorkspaceId>>,
    /// The form of what goes to stdout: for people, or as the API answers it
    #[arg(long, short, global = true, value_enum, default_value_t = Format::Table, value_name = "FORM")]
    pub(crate) output: Format,
    /// Say nothing but errors on stderr
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in to an installation
    Login(access::Login),
    /// Make an account and log in
    SignUp(access::SignUp),
    /// End the saved login
    Logout,
    /// Show who you are, where
    Whoami,
    /// Your account: address, password, second factors, logins
    #[command(subcommand, disable_help_subcommand = true)]
    Account(account::Account),
    /// Workspaces, which own everything else
    #[command(subcommand, disable_help_subcommand = true)]
    Workspace(access::Workspace),
    /// People in a workspace, and invitations to it
    #[command(subcommand, disable_help_subcommand = true)]
    Member(member::Member),
    /// Roles: what members may do
    #[command(subcommand, disable_help_subcommand = true)]
    Role(role::Role),
    /// Become a member of a workspace by a link
    Join(member::Join),
    /// API tokens, for programs
    #[command(subcommand, disable_help_subcommand = true)]
    Token(token::Token),
    /// Jobs of CI that act in a workspace without a stored token
    #[command(subcommand, disable_help_subcommand = true)]
    Federation(federation::Federation),
    /// Programs that act for people who let them (OAuth)
    #[command(subcommand, disable_help_subcommand = true)]
    Oauth(oauth::Oauth),
    /// Machines that run your deployments
    #[command(subcommand, disable_help_subcommand = true)]
    Runner(runner::Runner),
    /// Run an image: make a deployment or change one, and watch it go live
    Deploy(Box<deploy::Deploy>),
    /// Deployments: images that run
    #[command(subcommand, disable_help_subcommand = true)]
    Deployment(deployment::Deployment),
    /// Show what a deployment writes
    Logs(deployment::Logs),
    /// Run a command in a replica
    Exec(exec::Exec),
    /// Let a port here lead to one of a replica
    PortForward(port_forward::PortForward),
    /// Secrets: values that deployments use and nobody can read
    #[command(subcommand, disable_help_subcommand = true)]
    Secret(secret::Secret),
    /// Volumes: storage on a runner, for deployments
    #[command(subcommand, disable_help_subcommand = true)]
    Volume(volume::Volume),
    /// Static sites, served at the edge
    #[command(subcommand, disable_help_subcommand = true)]
    Site(site::Site),
    /// Managed URLs: which host and path lead where
    #[command(subcommand, disable_help_subcommand = true)]
    Url(managed_url::Url),
    /// What was done in a workspace, and by whom
    #[command(subcommand, disable_help_subcommand = true)]
    Audit(audit::Audit),
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  patr completions bash > ~/.local/share/bash-completion/completions/patr
  patr completions zsh > ~/.zfunc/_patr
  patr completions fish > ~/.config/fish/completions/patr.fish")]
    Completions(Completions),
    /// Explain a command, or `exit-codes`
    Help(Help),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell that reads the script
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Help {
    /// A command such as `url add`, or `exit-codes`
    #[arg(value_name = "COMMAND")]
    pub(crate) words: Vec<String>,
}

/// How much of a list to show
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only those whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Which part of a list to show
#[derive(Debug, clap::Args)]
pub(crate) struct PageArgs {
    /// At most so many
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<Cursor>,
}

impl ListArgs {
    pub(crate) fn query(&self) -> ListQuery {
        ListQuery { name: self.name.clone(), ..self.page.query() }
    }

    pub(crate) fn most(&self) -> usize {
        self.page.most()
    }

    /// Whether there may be more than it shows.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.name.is_some() || self.page.after.is_some()
    }
}

impl PageArgs {
    pub(crate) fn query(&self) -> ListQuery {
        ListQuery { cursor: self.after.clone(), ..ListQuery::default() }
    }

    pub(crate) fn most(&self) -> usize {
        self.limit as usize
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_argument_takes_the_name_of_a_global_one() {
        // clap finds this only when the command is used, by panicking.
        for line in [
            &["patr", "url", "test", "https://shop.example.com/x"][..],
            &["patr", "url", "show", "shop"],
            &["patr", "url", "remove", "shop/api"],
            &["patr", "--url", "https://a.example", "url", "update", "shop", "--site", "docs"],
            &["patr", "-w", "acme", "token", "create", "ci", "--only-workspace", "acme"],
        ] {
            assert!(Cli::try_parse_from(line).is_ok(), "{line:?}");
        }
    }

    #[test]
    fn every_command_and_flag_explains_itself() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path} has no help");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{path}: {} has no help", arg.get_id());
            }
            command.get_subcommands().for_each(|inner| walk(inner, &path));
        }
        walk(&Cli::command(), "");
    }
}
