//! `patr deployment`, `logs`.

use std::time::Duration;

use clap::Subcommand;
use patr_models::{
    deployment::ReleaseNumber,
    ids::{DeploymentId, Ref, RunnerId},
};

use super::{ListArgs, PageArgs, values};

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

/// How the runner chooses between the least and the most replicas
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Scaling {
    /// How busy the processors of a replica should be, in percent of what it may use [default: 70]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) cpu_target: Option<u32>,
    /// How long fewer replicas must have been enough, or nobody asked for the last one, before one goes [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub(crate) idle_after: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Deployment {
    /// List deployments
    List(ListArgs),
    /// Show a deployment, its replicas and what they use
    #[command(after_help = "\
Examples:
  patr deployment show web
  patr deployment show web --metrics --since 24h
  patr -o json deployment show web --metrics      only the metrics, as the API answers them

Environment variables are shown by name, secrets by name and version: nobody can read the value of one.")]
    Show {
        /// Name or id
        name: Ref<DeploymentId>,
        /// Draw what each replica used: processor, memory, network and disk
        #[arg(long)]
        metrics: bool,
        /// How far back, a week at most
        #[arg(long, value_name = "TIME", default_value = "1h", requires = "metrics", value_parser = values::seconds)]
        since: u32,
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
    /// Change the number of replicas, or let the runner choose it
    #[command(after_help = "\
Examples:
  patr deployment scale web 3                                a fixed number
  patr deployment scale web 2 --max 10 --cpu-target 60       as busy as that, 2 at least and 10 at most
  patr deployment scale web 0 --max 4 --idle-after 15m       none when idle; the next request waits for one

Each time all of it is said: without `--max` the number is fixed again. Replicas that stay are not \
restarted. `patr deployment stop` runs none.")]
    Scale(Scale),
    /// Call off the rollout that is on its way; the release before it goes on serving
    Cancel {
        /// Name or id
        name: Ref<DeploymentId>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Make an earlier release current again
    #[command(after_help = "\
Examples:
  patr deployment rollback web
  patr deployment rollback web --release 4      see `patr deployment releases web`

It runs the image that the release ran, by digest, whatever its tag means by now, with the environment, \
files and versions of secrets that the release had. What is in volumes stays as it is.")]
    Rollback {
        /// Name or id
        name: Ref<DeploymentId>,
        /// The release [default: the newest earlier one that was live]
        #[arg(long, value_name = "NUMBER")]
        release: Option<ReleaseNumber>,
        #[command(flatten)]
        wait: Wait,
    },
    /// List the releases of a deployment, newest first: who made each, and how it ended
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
            Self::Show { name, .. }
            | Self::Start { name, .. }
            | Self::Stop { name }
            | Self::Restart { name, .. }
            | Self::Scale(Scale { name, .. })
            | Self::Cancel { name, .. }
            | Self::Rollback { name, .. }
            | Self::Releases { name, .. }
            | Self::Delete { name } => Some(name),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Scale {
    /// Name or id
    pub(crate) name: Ref<DeploymentId>,
    /// How many run at once; with `--max` the least of them
    #[arg(value_parser = values::replicas)]
    pub(crate) replicas: u32,
    /// Let the runner choose how many run, up to this
    #[arg(long, value_name = "N", value_parser = values::replicas)]
    pub(crate) max: Option<u32>,
    #[command(flatten)]
    pub(crate) scaling: Scaling,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr logs web --tail 20
  patr logs web -f | grep ERROR
  patr logs web --since 10m --search timeout --timestamps
  patr logs web --requests -f
  patr -o json logs web      a line of JSON for each line, with its time and stream

Replicas that are gone are remembered on the runner for a while. Values of secrets are replaced before \
a line leaves it. With `--requests`: time, status, how long it took, size of the answer, client, \
replica, and what was asked; `---` where nobody was answered.")]
pub(crate) struct Logs {
    /// The deployment, by name or id
    pub(crate) name: Ref<DeploymentId>,
    /// Go on with new lines until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Show what it was asked instead of what it writes: a line for each request that has ended
    #[arg(long, conflicts_with_all = ["since", "replica", "search", "timestamps"])]
    pub(crate) requests: bool,
    /// How many of the last lines of each replica to begin with [default: 100; 10000 with `--since` or `--search`]
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<u32>,
    /// Only lines of the last so long, such as `10m`
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub(crate) since: Option<Duration>,
    /// Only lines from one of its runners
    #[arg(long, value_name = "NAME")]
    pub(crate) runner: Option<Ref<RunnerId>>,
    /// Only lines of one replica, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub(crate) replica: Option<String>,
    /// Only lines that contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Begin each line with the time when it was written
    #[arg(long)]
    pub(crate) timestamps: bool,
}
