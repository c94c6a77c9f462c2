//! `cargo xtask bench`: what we cost, beside what a person would run instead, on the same machine in the same minutes.
//!
//! Each case runs several times, in turns, so that a slow minute of the machine hits all of them; the tables show
//! medians, and ratios of medians. No number stands alone.
//!
//! | file | does |
//! |---|---|
//! | `edge` | the main job: a hot static file and a tunnelled request |
//! | `tunnel` | the data plane: requests, bodies and WebSockets, beside a plain Worker and beside rathole with nginx |
//! | `deploy` | from `patr deploy` to the first answer, beside `docker run`; what an agent takes |
//! | `dashboard` | the dashboard in Chromium, beside that of a peer |
//! | `sites` | static sites beside Cloudflare's asset server, a Worker over KV, and nginx |
//! | `installation` | what the first three measure |
//! | `load` | drives wrk and reads what it prints |
//! | `process` | processor time and peak memory of a server |

mod dashboard;
mod deploy;
mod edge;
mod installation;
mod load;
mod process;
mod sites;
mod tunnel;

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;

use crate::{root, tools};

/// What and how to measure
#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Seconds of each run
    #[arg(long, global = true, default_value_t = 5)]
    seconds: u32,
    /// Runs of each case; the median counts
    #[arg(long, global = true, default_value_t = 5)]
    runs: usize,
    /// Connections that are open at once
    #[arg(long, global = true, default_value_t = 32)]
    connections: u32,
    /// Where everything is kept [default: .patr/bench of the repository]
    #[arg(long, global = true)]
    state: Option<PathBuf>,
}

#[derive(Subcommand, Clone)]
enum What {
    /// A hot static file and a tunnelled request, beside plain Workers (the default)
    Edge,
    /// From `patr deploy` to the first answer, beside `docker run`; memory and idle processor time of the agent
    Deploy,
    /// The first view of the dashboard in Chromium that has nothing yet, beside the dashboard of a peer
    Dashboard {
        /// The folder of the peer's dashboard as it is served: one with an `index.html`
        #[arg(long)]
        peer: PathBuf,
    },
    /// Static sites: hot, cold, 304 and redirect, beside Cloudflare's asset server, a Worker over KV, and nginx
    Static,
    /// Requests, bodies and WebSockets through the tunnel, beside a plain Worker's fetch and rathole with nginx
    Tunnel,
}

impl Options {
    fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(|| root().join(".patr/bench"))
    }
}

/// # Errors
/// A program that is needed is missing, something did not start, or an answer was not the expected one.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let measure: fn(&Options) -> anyhow::Result<()> = match &options.what {
        Some(What::Dashboard { peer }) => return dashboard::run(peer),
        None | Some(What::Edge) => edge::run,
        Some(What::Deploy) => deploy::run,
        Some(What::Static) => sites::run,
        Some(What::Tunnel) => tunnel::run,
    };
    if !tools::exists("wrk") {
        bail!("`wrk` is not on the PATH: install it with `apt-get install wrk`");
    }
    measure(options)
}

/// The middle one.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
