//! `cargo xtask cluster`: a Kubernetes of one node, made of released programs, for tests and people.
//!
//! | file | does |
//! |---|---|
//! | `layout` | names every file, address and range |
//! | `programs` | builds Kubernetes from tests/kubernetes, and says what else is missing |
//! | `certificates` | the authority, a certificate for everybody, and the kubeconfigs |
//! | `configs` | the files that the services read |
//! | `services` | what is started, in which order, and when it is ready |
//! | `supervisor` | process 1 of the cluster: starts the services, and starts again what ends |
//! | `host` | the cluster as this machine sees it: a network, a process, control groups |
//! | `image` | container images of one static program |
//! | `lend` | a cluster for the tests |
//! | `check` | proves that it is a Kubernetes |
//!
//! The cluster has namespaces of its own for processes, mounts and the network. So everything it ever starts, mounts
//! or configures goes with its first process, whatever ends that: nothing has to be found again and undone.
//!
//! ```text
//!  this machine                             the cluster
//!  kubectl, agent ── 10.97.0.1 ═══ veth ═══ 10.97.0.2 ── kube-apiserver, kubelet, kube-proxy
//!                    routes to 10.96.0.0/16           └─ cni0 ── pods, 10.244.0.0/24
//!                    and 10.244.0.0/24
//! ```

mod certificates;
mod check;
mod configs;
mod host;
mod image;
mod layout;
mod lend;
mod programs;
mod services;
mod supervisor;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{sh, target_dir};
use layout::Layout;
pub(crate) use lend::{Lent, name};
pub(crate) use programs::require;

/// How long a start may take: an old machine that is busy, not one that is broken.
const START: Duration = Duration::from_secs(300);

/// How to run a Kubernetes here
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where everything is kept while it runs [default: target/cluster]
    #[arg(long, global = true)]
    state: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Build what it needs, start it, and say where its kubeconfig is
    Up,
    /// End everything that `up` started, and delete its state
    Down,
    /// Give it images of the Docker Engine here
    Load {
        /// Names of images
        #[arg(required = true)]
        images: Vec<String>,
    },
    /// End one of its services, which then starts again: kube-apiserver, kubelet ..
    Restart {
        /// The name of the program
        service: String,
    },
    /// Run a program on its node: in the cluster's network, among its processes and mounts
    Run {
        /// The program and its arguments, after `--`
        #[arg(required = true, last = true)]
        command: Vec<OsString>,
    },
    /// Prove that rollouts, Services, exec, logs, volumes and RBAC work; starts it if it does not run
    Check,
    /// Process 1 of the cluster
    #[command(hide = true)]
    Supervise {
        /// Where the programs of Kubernetes are
        #[arg(long)]
        programs: PathBuf,
    },
}

/// # Errors
/// Something is missing here, does not build or does not start; the message says which.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = absolute(options.state.clone().unwrap_or_else(|| target_dir().join("cluster")))?;
    match &options.action {
        Action::Up => up(&folder).map(|layout| tell(&layout)),
        Action::Down => host::down(&folder),
        Action::Load { images } => images.iter().try_for_each(|image| load(&running(&folder)?, image)),
        Action::Restart { service } => host::restart(&running(&folder)?, service),
        Action::Run { command } => host::inside(&running(&folder)?, command),
        Action::Check => check::run(&up(&folder)?),
        Action::Supervise { programs } => supervisor::run(&Layout::new(folder, programs.clone())),
    }
}

/// Without links and dots: services name their files by it, and a running cluster is known by it.
fn absolute(folder: PathBuf) -> anyhow::Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    let (parent, name) = (folder.parent(), folder.file_name());
    let (parent, name) = parent.zip(name).with_context(|| format!("{} has no name", folder.display()))?;
    fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    Ok(parent.canonicalize()?.join(name))
}

/// Starts the cluster unless it runs.
fn up(folder: &Path) -> anyhow::Result<Layout> {
    require()?;
    let layout = Layout::new(folder.to_owned(), programs::ensure()?);
    if host::runs(folder) {
        return ready(&layout).map(|()| layout);
    }
    // What a machine that lost power left on its disk.
    host::down(folder)?;
    match start(&layout) {
        Ok(()) => Ok(layout),
        Err(error) => {
            eprint!("{}", fs::read_to_string(layout.log("supervisor")).unwrap_or_default());
            let kept = keep_logs(&layout);
            host::down(folder)?;
            Err(error.context(format!("the cluster does not start; its logs are in {}", kept?.display())))
        }
    }
}

fn start(layout: &Layout) -> anyhow::Result<()> {
    layout.make()?;
    certificates::make(layout)?;
    configs::write(layout)?;
    image::make(layout, "pause", layout::PAUSE)?;
    host::join(layout)?;
    host::launch(layout)?;
    ready(layout)?;
    sh::quietly(layout.kubectl().args(["apply", "--filename"]).arg(layout.volumes()))
}

/// Waits until everything answers.
fn ready(layout: &Layout) -> anyhow::Result<()> {
    let deadline = Instant::now() + START;
    while !layout.ready().exists() {
        if !host::runs(&layout.folder) {
            bail!("its first process ended");
        }
        if Instant::now() > deadline {
            bail!("it is not ready after {} s", START.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Where the logs of a start that failed stay until the next.
fn keep_logs(layout: &Layout) -> anyhow::Result<PathBuf> {
    let kept = layout.folder.with_extension("failed");
    let _ = fs::remove_dir_all(&kept);
    fs::rename(layout.logs(), &kept).context("keeping the logs")?;
    Ok(kept)
}

fn running(folder: &Path) -> anyhow::Result<Layout> {
    if !host::runs(folder) {
        bail!("no cluster runs on {}: start it with `cargo xtask cluster up`", folder.display());
    }
    Ok(Layout::new(folder.to_owned(), programs::ensure()?))
}

/// Copies an image from the Docker Engine to the cluster.
fn load(layout: &Layout, image: &str) -> anyhow::Result<()> {
    let archive = layout.folder.join("load.tar");
    sh::quietly(Command::new("docker").args(["save", "--output"]).arg(&archive).arg(image))?;
    sh::quietly(layout.ctr().args(["images", "import"]).arg(&archive))?;
    fs::remove_file(archive).context("deleting the copy of the image")
}

fn tell(layout: &Layout) {
    println!("  kubeconfig   {}", layout.kubeconfig("admin").display());
    println!("  kubectl      {}", layout.program("kubectl").display());
    println!("  logs         {}", layout.logs().display());
    println!("export KUBECONFIG={}", layout.kubeconfig("admin").display());
}
