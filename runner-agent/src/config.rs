//! Flags, environment and files into one value.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};

use crate::runtime::kubernetes::{self, Security};

/// Run this machine, or a namespace of a cluster, as a Patr runner
///
/// The agent dials out to the control plane and starts what is deployed to it. Nothing listens on this machine, and
/// what runs goes on when the agent stops or the connection is lost.
///
/// Exit codes: 0 asked to stop, 1 cannot run, 2 wrong usage, 3 token refused, 4 another agent took over with the same
/// token, 5 this version is too old or too new for the control plane.
#[derive(Parser)]
#[command(name = "patr-runner", version)]
pub struct Args {
    /// What runs the containers
    runtime: RuntimeArg,
    #[command(flatten)]
    connection: Connection,
    /// Reach containers through ports on 127.0.0.1 instead of their addresses. Found out by itself for rootless
    /// Engines, Docker Desktop and clusters that this is no pod of; needed where the Engine is in another virtual machine
    #[arg(long, env = "PATR_PUBLISH_PORTS")]
    publish_ports: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Where an agent connects to, and as what: the same for every runtime.
#[derive(clap::Args)]
pub struct Connection {
    /// The control plane, such as `https://patr.example.com`
    #[arg(long, env = "PATR_URL")]
    url: String,
    /// A file with the runner's token; else the environment variable PATR_RUNNER_TOKEN
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// Where the agent remembers what should run
    #[arg(long, default_value = "/var/lib/patr-runner", env = "PATR_STATE_DIR")]
    state_dir: PathBuf,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Kubernetes")]
struct ClusterArgs {
    /// A kubeconfig instead of the pod's own account, or of the one that `kubectl` would use
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Where everything goes; the kubeconfig's own, or the pod's, when absent. Nothing else should be in it
    #[arg(long, env = "PATR_NAMESPACE")]
    namespace: Option<String>,
    /// What replicas are held to: `restricted` runs nothing as root
    #[arg(long, value_enum, default_value = "restricted", env = "PATR_POD_SECURITY")]
    pod_security: Security,
    /// How large the claim of a new volume is
    #[arg(long, default_value = "10Gi", env = "PATR_VOLUME_SIZE")]
    volume_size: String,
    /// The storage class of new volumes; the cluster's default when absent
    #[arg(long, env = "PATR_STORAGE_CLASS")]
    storage_class: Option<String>,
    /// This program's own image, in which what is in volumes is read and written: snapshots, downloads and copies need it
    #[arg(long, env = "PATR_RUNNER_IMAGE")]
    image: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuntimeArg {
    /// Docker Engine, or Podman's Docker socket by DOCKER_HOST
    Docker,
    /// A namespace of a Kubernetes cluster, from 1.30
    Kubernetes,
}

/// What runs the containers.
pub(crate) enum Place {
    Docker { publish_ports: bool },
    Kubernetes(kubernetes::Options),
}

/// How the agent is to run.
#[derive(Clone)]
pub struct Config {
    /// The control plane, with scheme ws or wss and no slash at its end.
    pub(crate) base: String,
    pub(crate) token: Token,
    /// Where the agent remembers what should run.
    pub state_dir: PathBuf,
}

/// A token that cannot be printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For the `Authorization` header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl Connection {
    /// # Errors
    /// The address has no scheme, or there is no token.
    pub fn config(self) -> anyhow::Result<Config> {
        let url = self.url.trim_end_matches('/');
        let base = match url.split_once("://") {
            Some(("http", rest)) => format!("ws://{rest}"),
            Some(("https", rest)) => format!("wss://{rest}"),
            _ => bail!("--url: `{url}` must begin with https:// or http://"),
        };
        Ok(Config { base, token: token(self.token_file)?, state_dir: self.state_dir })
    }
}

impl Args {
    pub(crate) fn config(self) -> anyhow::Result<(Config, Place)> {
        let place = match self.runtime {
            RuntimeArg::Docker => Place::Docker { publish_ports: self.publish_ports },
            RuntimeArg::Kubernetes => Place::Kubernetes(self.cluster.options(self.publish_ports)),
        };
        Ok((self.connection.config()?, place))
    }
}

impl ClusterArgs {
    fn options(self, forward: bool) -> kubernetes::Options {
        let Self { kubeconfig, namespace, pod_security: security, volume_size, storage_class, image } = self;
        kubernetes::Options { kubeconfig, namespace, security, volume_size, storage_class, image, forward }
    }
}

fn token(file: Option<PathBuf>) -> anyhow::Result<Token> {
    let text = match file {
        Some(file) => {
            std::fs::read_to_string(&file).with_context(|| format!("--token-file {}", file.display()))?
        }
        None => std::env::var("PATR_RUNNER_TOKEN").context(
            "no token: set PATR_RUNNER_TOKEN or --token-file (`patr runner add` prints the token)",
        )?,
    };
    let token = text.trim();
    if !token.starts_with(patr_models::auth::prefix::RUNNER) {
        bail!("this is not a runner's token: it must begin with `{}`", patr_models::auth::prefix::RUNNER);
    }
    Ok(Token(token.to_owned()))
}
