//! `patr deploy`, `deployment`, `logs`.

use std::{path::PathBuf, time::Duration};

use clap::Subcommand;
use patr_models::{
    deployment::{
        ImageRef, ReleaseNumber,
        spec::{PortSpec, Probe},
    },
    ids::{DeploymentId, Ref, RunnerId},
    name::Name,
};

use super::{
    ListArgs, PageArgs,
    values::{self, EnvArg, Words},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr deploy nginx:1 --name web --port 80
  patr deploy ghcr.io/acme/api:2.3 --name api --runner home --port 8080 --replicas 2 \\
      --env LOG=info --env-file prod.env --memory 256Mi --startup-probe 8080/healthz
  patr deploy ghcr.io/acme/api:2.4 --name api      a new image, everything else as it was
  patr -q deploy nginx:1 --name web --port 80      only the URL, for scripts

If NAME exists, only what is given changes; `--port` replaces all ports and `--env` adds to the \
variables. New replicas start and answer before old ones stop. If they do not, the old release goes \
on serving and the reason is shown. Ctrl-C stops watching, not the rollout.")]
pub(crate) struct Deploy {
    /// What to run, as for `docker pull`
    pub(crate) image: ImageRef,
    /// The deployment to make or to change
    #[arg(long)]
    pub(crate) name: Name,
    /// Where a new deployment runs [default: the only runner there is]
    #[arg(long)]
    pub(crate) runner: Option<Ref<RunnerId>>,
    /// A port that the image listens on: `8080`, `8080/http` or `5432/tcp`; the first http port gets a URL
    #[arg(long = "port", value_name = "PORT[/http|/tcp]", value_parser = values::port)]
    pub(crate) ports: Vec<PortSpec>,
    /// An environment variable; `NAME` alone takes its value from this shell
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::env)]
    pub(crate) env: Vec<EnvArg>,
    /// A file of `NAME=VALUE` lines; `#` begins a comment line, quotes around a whole value are dropped
    #[arg(long = "env-file", value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// How many replicas run at once
    #[arg(long, value_name = "N", value_parser = values::replicas)]
    pub(crate) replicas: Option<u32>,
    /// Most cores of one replica: `0.5` or `500m`
    #[arg(long, value_name = "CORES", value_parser = values::cpu)]
    pub(crate) cpu: Option<u32>,
    /// Most memory of one replica: `256Mi`, `1Gi`, or bytes
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub(crate) memory: Option<u64>,
    /// Replaces the image's command; split into words as a shell does, but no shell runs it
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, value_parser = values::words)]
    pub(crate) command: Option<Words>,
    /// Replaces the image's entry point; split into words as a shell does
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, value_parser = values::words)]
    pub(crate) entrypoint: Option<Words>,
    /// Must answer before a replica serves: `8080` accepts a connection, `8080/healthz` answers 200 to 399
    #[arg(long, value_name = "PORT[/PATH]", value_parser = values::probe)]
    pub(crate) startup_probe: Option<Probe>,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

/// Whether to watch a rollout to its end
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Wait {
    /// Return at once instead of watching the rollout to its end
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// How long to watch the rollout
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = values::duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Deployment {
    /// List deployments
    List(ListArgs),
    /// Show a deployment
    Show {
        /// Name or id
        name: Ref<DeploymentId>,
    },
    /// Start a stopped deployment
    Start {
        /// Name or id
        name: Ref<DeploymentId>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Stop a deployment and keep its configuration
    Stop {
        /// Name or id
        name: Ref<DeploymentId>,
    },
    /// Replace every replica by a new one, without a gap
    Restart {
        /// Name or id
        name: Ref<DeploymentId>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Change the number of replicas
    #[command(after_help = "\
Example:
  patr deployment scale web 3

Replicas that stay are not restarted. `patr deployment stop` runs none.")]
    Scale {
        /// Name or id
        name: Ref<DeploymentId>,
        /// How many run at once
        #[arg(value_parser = values::replicas)]
        replicas: u32,
        #[command(flatten)]
        wait: Wait,
    },
    /// Make an earlier release current again
    #[command(after_help = "\
Examples:
  patr deployment rollback web
  patr deployment rollback web --release 4      see `patr deployment releases web`

It runs the image that the release ran, by digest, whatever its tag means by now.")]
    Rollback {
        /// Name or id
        name: Ref<DeploymentId>,
        /// The release [default: the newest earlier one that was live]
        #[arg(long, value_name = "NUMBER")]
        release: Option<ReleaseNumber>,
        #[command(flatten)]
        wait: Wait,
    },
    /// List the releases of a deployment, newest first
    Releases {
        /// Name or id
        name: Ref<DeploymentId>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Delete a deployment, its releases and its automatic URL
    Delete {
        /// Name or id
        name: Ref<DeploymentId>,
    },
}

impl Deployment {
    /// The deployment that the command is about, if it is about one.
    pub(crate) fn named(&self) -> Option<&Ref<DeploymentId>> {
        match self {
            Self::List(_) => None,
            Self::Show { name }
            | Self::Start { name, .. }
            | Self::Stop { name }
            | Self::Restart { name, .. }
            | Self::Scale { name, .. }
            | Self::Rollback { name, .. }
            | Self::Releases { name, .. }
            | Self::Delete { name } => Some(name),
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr logs web --tail 20
  patr logs web -f | grep ERROR
  patr -o json logs web      a line of JSON for each line, with its time and stream")]
pub(crate) struct Logs {
    /// The deployment, by name or id
    pub(crate) name: Ref<DeploymentId>,
    /// Go on with new lines until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many of the last lines of each replica to begin with
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) tail: u32,
}
