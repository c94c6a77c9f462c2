//! `patr deploy`.

use std::path::PathBuf;

use patr_models::{
    deployment::{
        ImageRef, Placement,
        spec::{EnvName, HostAlias, Platform, PortSpec, Probe, ReplicaPath},
    },
    ids::{Ref, RunnerId},
    name::Name,
};

use super::{
    deployment::{Scaling, Wait},
    spec::{self, FileArg, HostArg, LabelArg, MountArg, MountRef, SecretArg, SecretFileArg},
    values::{self, EnvArg, Words},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  patr deploy nginx:1 --name web --port 80
  patr deploy ghcr.io/acme/api:2.3 --name api --runner home --port 8080 --replicas 2 \\
      --env LOG=info --env-file prod.env --memory 256Mi --readiness-probe 8080/healthz
  patr deploy ghcr.io/acme/api:2.4 --name api      a new image, everything else as it was
  patr deploy postgres:17 --name db --port 5432/tcp --volume db-data:/var/lib/postgresql/data \\
      --secret POSTGRES_PASSWORD=db-password --stop-grace 1m
  patr deploy ghcr.io/acme/api:2.4 --name api --unset-env LOG --unset readiness-probe
  patr deploy ghcr.io/acme/api:2.4 --name api --replicas 0 --max-replicas 4      sleeps when idle
  patr deploy nginx:1 --name web --port 80 --runner home=3 --runner vps --standby spare
  patr -q deploy nginx:1 --name web --port 80      only the URL, for scripts

If NAME exists, only what is given changes. `--port` replaces all ports. Every other flag that may be \
repeated adds to what there is, or replaces the entry of the same name; `--unset-env` and its like take \
single entries away, and `--unset` gives a setting its default back. What is not there needs no \
taking away: the same command line works again and again. `--runner` and `--standby` together say all \
runners; one that is left out goes on serving until another one does.

New replicas start and answer before old ones stop. If they do not, the old release goes on serving \
and the reason is shown. A volume that is written to has one writer at a time, so with one the old \
replicas stop first, and requests wait meanwhile. Ctrl-C stops watching, not the rollout; \
`patr deployment cancel` calls it off.")]
pub(crate) struct Deploy {
    /// What to run, as for `docker pull`
    pub(crate) image: ImageRef,
    /// The deployment to make or to change
    #[arg(long)]
    pub(crate) name: Name,
    /// Where it runs; of several, the weight is each one's part of the requests [default: the only runner there is, 1]
    #[arg(long = "runner", value_name = "NAME[=WEIGHT]", value_parser = spec::runner)]
    pub(crate) runners: Vec<Placement>,
    /// A runner that is only asked when no other can answer
    #[arg(long = "standby", value_name = "NAME", requires = "runners")]
    pub(crate) standbys: Vec<Ref<RunnerId>>,
    /// A port that the image listens on: `8080`, `8080/http`, `5432/tcp` or `53/udp`; the first http port gets a URL
    #[arg(long = "port", value_name = "PORT[/PROTOCOL]", value_parser = values::port)]
    pub(crate) ports: Vec<PortSpec>,
    /// Give a setting its default back
    #[arg(long, value_enum, value_name = "SETTING")]
    pub(crate) unset: Vec<Setting>,
    #[command(flatten)]
    pub(crate) content: Content,
    #[command(flatten)]
    pub(crate) process: Process,
    #[command(flatten)]
    pub(crate) size: Size,
    #[command(flatten)]
    pub(crate) health: Health,
    #[command(flatten)]
    pub(crate) rollout: Rollout,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Environment, files and volumes")]
pub(crate) struct Content {
    /// An environment variable; `NAME` alone takes its value from this shell
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::env)]
    pub(crate) env: Vec<EnvArg>,
    /// A file of `NAME=VALUE` lines; `#` begins a comment line, quotes around a whole value are dropped
    #[arg(long = "env-file", value_name = "FILE")]
    pub(crate) env_files: Vec<PathBuf>,
    /// An environment variable whose value is a secret: its newest version, or the one given
    #[arg(long = "secret", value_name = "NAME=SECRET[@VERSION]", value_parser = spec::secret)]
    pub(crate) secrets: Vec<SecretArg>,
    /// A file in each replica, with the content of a file here; one that can be executed here can be there
    #[arg(long = "file", value_name = "PATH=LOCAL", value_parser = spec::file)]
    pub(crate) files: Vec<FileArg>,
    /// A file in each replica whose content is a secret
    #[arg(long = "secret-file", value_name = "PATH=SECRET[@VERSION]", value_parser = spec::secret_file)]
    pub(crate) secret_files: Vec<SecretFileArg>,
    /// A volume at a folder of each replica; made on the runner if there is none, `:ro` only reads
    #[arg(long = "volume", value_name = "NAME:PATH[:ro]", value_parser = spec::mount)]
    pub(crate) volumes: Vec<MountArg>,
    /// Take an environment variable away
    #[arg(long, value_name = "NAME")]
    pub(crate) unset_env: Vec<EnvName>,
    /// Take an environment variable away whose value is a secret
    #[arg(long, value_name = "NAME")]
    pub(crate) unset_secret: Vec<EnvName>,
    /// Take a file away, whatever its content
    #[arg(long, value_name = "PATH")]
    pub(crate) unset_file: Vec<ReplicaPath>,
    /// Take a volume away; it stays on the runner with all that is in it
    #[arg(long, value_name = "NAME|PATH", value_parser = spec::mount_ref)]
    pub(crate) unset_volume: Vec<MountRef>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Process")]
pub(crate) struct Process {
    /// Replaces the image's command; split into words as a shell does, but no shell runs it
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, value_parser = values::words)]
    pub(crate) command: Option<Words>,
    /// Replaces the image's entry point; split into words as a shell does
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, value_parser = values::words)]
    pub(crate) entrypoint: Option<Words>,
    /// Replaces the image's user: a name or number
    #[arg(long, value_name = "USER[:GROUP]")]
    pub(crate) user: Option<String>,
    /// Replaces the image's working directory
    #[arg(long, value_name = "PATH")]
    pub(crate) workdir: Option<ReplicaPath>,
    /// Which of the image's platforms, such as `linux/arm64` [default: the machine's own]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub(crate) platform: Option<Platform>,
    /// A label of the containers
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = spec::label)]
    pub(crate) labels: Vec<LabelArg>,
    /// A line of `/etc/hosts`
    #[arg(long = "host", value_name = "NAME=IP", value_parser = spec::host)]
    pub(crate) hosts: Vec<HostArg>,
    /// Take a label away
    #[arg(long, value_name = "NAME")]
    pub(crate) unset_label: Vec<String>,
    /// Take a line of `/etc/hosts` away
    #[arg(long, value_name = "NAME")]
    pub(crate) unset_host: Vec<HostAlias>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Size")]
pub(crate) struct Size {
    /// How many replicas run at once; with `--max-replicas` the least of them, which may be 0 [default: 1]
    #[arg(long, value_name = "N", value_parser = values::replicas)]
    pub(crate) replicas: Option<u32>,
    /// Let the runner choose how many run, up to this; `patr deployment scale` ends that
    #[arg(long, value_name = "N", value_parser = values::replicas)]
    pub(crate) max_replicas: Option<u32>,
    #[command(flatten)]
    pub(crate) scaling: Scaling,
    /// Most cores of one replica: `0.5` or `500m`
    #[arg(long, value_name = "CORES", value_parser = values::cpu)]
    pub(crate) cpu: Option<u32>,
    /// Most memory of one replica: `256Mi`, `1Gi`, or bytes
    #[arg(long, value_name = "SIZE", value_parser = values::memory)]
    pub(crate) memory: Option<u64>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Health")]
pub(crate) struct Health {
    /// Must succeed once before a replica serves: `8080` accepts a connection, `8080/healthz` answers 200 to 399, `exec:CMD`
    /// exits with 0 [default: the readiness probe, else the first port]
    #[arg(long, value_name = "PROBE", value_parser = values::probe)]
    pub(crate) startup_probe: Option<Probe>,
    /// How long an answer to the startup probe may take [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub(crate) startup_probe_timeout: Option<u32>,
    /// Asked from then on: a replica gets no requests until it succeeds again
    #[arg(long, value_name = "PROBE", value_parser = values::probe)]
    pub(crate) readiness_probe: Option<Probe>,
    #[command(flatten)]
    pub(crate) readiness: Readiness,
    /// Asked from then on: a replica that fails it is replaced
    #[arg(long, value_name = "PROBE", value_parser = values::probe)]
    pub(crate) liveness_probe: Option<Probe>,
    #[command(flatten)]
    pub(crate) liveness: Liveness,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Readiness {
    /// From one question of the readiness probe to the next [default: 5s]
    #[arg(long = "readiness-probe-period", value_name = "TIME", value_parser = values::seconds)]
    pub(crate) readiness_period: Option<u32>,
    /// How long an answer to the readiness probe may take [default: 5s]
    #[arg(long = "readiness-probe-timeout", value_name = "TIME", value_parser = values::seconds)]
    pub(crate) readiness_timeout: Option<u32>,
    /// How many failures of the readiness probe in a row count [default: 3]
    #[arg(long = "readiness-probe-failure-threshold", value_name = "N")]
    pub(crate) readiness_threshold: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Liveness {
    /// From one question of the liveness probe to the next [default: 5s]
    #[arg(long = "liveness-probe-period", value_name = "TIME", value_parser = values::seconds)]
    pub(crate) liveness_period: Option<u32>,
    /// How long an answer to the liveness probe may take [default: 5s]
    #[arg(long = "liveness-probe-timeout", value_name = "TIME", value_parser = values::seconds)]
    pub(crate) liveness_timeout: Option<u32>,
    /// How many failures of the liveness probe in a row count [default: 3]
    #[arg(long = "liveness-probe-failure-threshold", value_name = "N")]
    pub(crate) liveness_threshold: Option<u32>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rollout")]
pub(crate) struct Rollout {
    /// How one release follows another [default: rolling; recreate with a volume that has one writer]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) strategy: Option<spec::StrategyArg>,
    /// How long new replicas may take to start before the release has failed [default: 1m]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub(crate) start_deadline: Option<u32>,
    /// How long an old replica has for the requests and WebSockets that it holds [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub(crate) drain: Option<u32>,
    /// What a replica is told to stop with [default: what the image says, else SIGTERM]
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) stop_signal: Option<String>,
    /// How long a replica may take to stop before it is killed [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub(crate) stop_grace: Option<u32>,
}

impl Deploy {
    /// All runners that are given, those that stand by after the others.
    pub(crate) fn placements(&self) -> Vec<Placement> {
        let standbys = self.standbys.iter().map(|runner| Placement { runner: runner.clone(), weight: 0 });
        self.runners.iter().cloned().chain(standbys).collect()
    }
}

/// What has a default to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Setting {
    Ports,
    Command,
    Entrypoint,
    User,
    Workdir,
    Platform,
    Cpu,
    Memory,
    StartupProbe,
    ReadinessProbe,
    LivenessProbe,
    Strategy,
    StartDeadline,
    Drain,
    StopSignal,
    StopGrace,
}
