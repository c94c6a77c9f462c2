//! `cargo xtask edge`: both Worker scripts on workerd, as they run in production.
//!
//! xtask owns the state folder and one node process; node owns workerd. Each ends with its parent, and what a
//! `kill -9` leaves behind is ended at the next start, once it is proved to be ours.

mod stale;
mod state;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use serde_json::json;

use crate::scripts::{self, SCRIPTS};
use crate::wrangler::{self, Config};
use crate::{root, tools};
use state::State;
pub(crate) use state::{random, write_private};

/// What edge.mjs ends with when an assertion inside of Miniflare failed.
const AGAIN: i32 = 75;
/// The dashboard to serve in the place of the one that was built here, for stories about a deploy.
pub(crate) const DASHBOARD: &str = "PATR_DASHBOARD";
/// How long node may take to stop workerd.
const STOP: Duration = Duration::from_secs(5);

/// How to run the local edge
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    /// Where everything is kept, from the database to the secrets [default: .patr/edge of the repository]
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
    /// Run what was built last, without looking whether it is up to date
    #[arg(long)]
    pub(crate) no_build: bool,
}

/// A running local edge; it is stopped when dropped.
pub(crate) struct Edge {
    /// `http://localhost:P`.
    pub(crate) url: String,
    /// Set on the first start with this state only.
    pub(crate) new_secret: Option<String>,
    node: Child,
    stdin: Option<ChildStdin>,
    state: State,
}

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// The edge did not start, or ended by itself.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut edge = Edge::start(options)?;
    let interrupted = interrupts()?;
    if let Some(secret) = &edge.new_secret {
        println!("bootstrap secret: {secret}");
    }
    println!("ready {}", edge.url);
    edge.until(&interrupted, || Ok(()))
}

/// Ctrl-C and SIGTERM as messages.
///
/// # Errors
/// The handler was set before.
pub(crate) fn interrupts() -> anyhow::Result<Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })
    .context("cannot handle signals")?;
    Ok(receiver)
}

impl Edge {
    /// Builds the scripts if needed, starts them, applies migrations, and returns when requests are answered.
    ///
    /// # Errors
    /// Another edge runs on the state, the port is taken, something does not build or start.
    pub(crate) fn start(options: &Options) -> anyhow::Result<Self> {
        if !options.no_build {
            scripts::build(false, None)?;
        }
        tools::npm()?;
        let folder = options.state.clone().unwrap_or_else(|| root().join(".patr/edge"));
        let state = State::open(&folder)?;
        stale::end(&state.folder)?;
        let port = free_port(options.port)?;
        let config = config(&state, port)?;
        let mut edge = Self::launch(state, port, &config)?;
        edge.new_secret = edge.state.keep()?;
        Ok(edge)
    }

    /// Runs other Workers as the local edge runs ours, to compare with.
    ///
    /// # Errors
    /// They do not start.
    pub(crate) fn plain(folder: &Path, workers: &serde_json::Value) -> anyhow::Result<Self> {
        let state = State::open(folder)?;
        stale::end(&state.folder)?;
        let port = free_port(0)?;
        let config = json!({
            "host": "127.0.0.1", "port": port, "state": state.folder, "workers": workers, "duties": [],
        });
        Self::launch(state, port, &config)
    }

    fn launch(state: State, port: u16, config: &serde_json::Value) -> anyhow::Result<Self> {
        let mut started = node(&state, config)?;
        // Seen once in some hundred starts, on a busy machine. Every step of a start may be done twice.
        if started.as_ref().is_err_and(|status| status.code() == Some(AGAIN)) {
            eprintln!("an assertion of Miniflare's failed: the local edge starts once more");
            started = node(&state, config)?;
        }
        let (node, stdin) = started
            .map_err(|status| anyhow!("the local edge did not start ({status}): its words are above"))?;
        let url = format!("http://localhost:{port}");
        Ok(Self { url, new_secret: None, node, stdin: Some(stdin), state })
    }

    /// Waits for an interrupt, and looks meanwhile whether everything still runs.
    ///
    /// # Errors
    /// The edge ended by itself, or `others` found something.
    pub(crate) fn until(
        &mut self,
        interrupted: &Receiver<()>,
        mut others: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        while let Err(RecvTimeoutError::Timeout) = interrupted.recv_timeout(Duration::from_millis(200)) {
            self.check()?;
            others()?;
        }
        Ok(())
    }

    fn check(&mut self) -> anyhow::Result<()> {
        match self.node.try_wait()? {
            Some(status) => bail!("the local edge ended by itself: {status}"),
            None => Ok(()),
        }
    }

    /// What the first account needs.
    pub(crate) fn bootstrap_secret(&self) -> &str {
        self.state.secrets().get(state::BOOTSTRAP).map_or("", String::as_str)
    }

    /// The process id of workerd, as workerd.sh noted it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn workerd(&self) -> anyhow::Result<u32> {
        let noted = fs::read_to_string(self.state.folder.join("workerd.pid"));
        noted
            .context("reading the process id of workerd")?
            .trim()
            .parse()
            .context("the process id of workerd")
    }

    /// The automatic URL of a deployment or a site.
    pub(crate) fn host(&self, name: &str, workspace: &str) -> String {
        self.url.replace("localhost", &format!("{name}-{workspace}.localhost"))
    }

    fn stop(&mut self) {
        drop(self.stdin.take());
        let deadline = Instant::now() + STOP;
        while matches!(self.node.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.node.kill();
                let _ = self.node.wait();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // Nothing to do unless node was killed.
        if let Err(error) = stale::end(&self.state.folder) {
            eprintln!("{error:#}");
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The port itself if nobody listens there, or a free one for 0: below those that the system gives to outgoing
/// connections, one of which could take it before workerd does.
fn free_port(port: u16) -> anyhow::Result<u16> {
    if port != 0 {
        return listen_port(port);
    }
    let tries = std::iter::repeat_with(|| {
        let random = RandomState::new().build_hasher().finish();
        20_000 + u16::try_from(random % 12_000).unwrap_or_default()
    });
    let free = tries.take(100).find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok());
    free.context("no port between 20000 and 32000 is free")
}

fn listen_port(port: u16) -> anyhow::Result<u16> {
    // A process that was just killed lets go of its port a moment later than of its name.
    let patience = Instant::now() + Duration::from_secs(2);
    let listener = loop {
        match TcpListener::bind(("127.0.0.1", port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < patience => {
                std::thread::sleep(Duration::from_millis(20));
            }
            bound => break bound,
        }
    };
    let listener = listener.with_context(|| {
        format!("port {port} is in use: stop what listens there, or take another with --port")
    })?;
    Ok(listener.local_addr()?.port())
}

/// What edge.mjs reads from its stdin.
fn config(state: &State, port: u16) -> anyhow::Result<serde_json::Value> {
    let host = format!("localhost:{port}");
    let mut patr = BTreeMap::from([
        ("CONTROL_HOST", host.clone()),
        ("APPS_DOMAIN", host),
        ("APPS_SCHEME", "http".to_owned()),
        ("MAIL", "outbox".to_owned()),
    ]);
    for (variable, name) in [("PATR_SIGN_UP", "SIGN_UP"), ("PATR_MAIL", "MAIL")] {
        if let Ok(value) = std::env::var(variable) {
            patr.insert(name, value);
        }
    }
    let mut runners = BTreeMap::new();
    for (name, secret) in state.secrets() {
        patr.insert(name, secret.clone());
        if name == state::INTERNAL {
            runners.insert(name.as_str(), secret.clone());
        }
    }
    let mut workers = Vec::new();
    let mut duties = Vec::new();
    let mut assets = Vec::new();
    for (script, own) in SCRIPTS.iter().zip([patr, runners]) {
        let config = Config::read(script)?;
        let mut worker = config.miniflare(script, &own);
        let dashboard = std::env::var_os(DASHBOARD).map(PathBuf::from);
        if let Some((binding, files)) = config.assets(dashboard) {
            worker["serviceBindings"][binding] = json!(wrangler::ASSETS_WORKER);
            assets.push(files);
        }
        workers.push(worker);
        duties.push(config.duties());
    }
    if let Some(patr) = workers.first_mut() {
        patr["serviceBindings"]["OUTBOX"] = outbox(&state.folder)?;
    }
    workers.extend(assets);
    Ok(json!({
        "host": "127.0.0.1", "port": port, "state": state.folder, "workers": workers, "duties": duties,
    }))
}

/// The folder of mails, as a service that a Worker can put files into.
fn outbox(state: &Path) -> anyhow::Result<serde_json::Value> {
    let path = state.join("outbox");
    fs::create_dir_all(&path).context("making the folder of mails")?;
    Ok(json!({ "disk": { "path": path, "writable": true } }))
}

/// Starts node and waits until it says that it is ready, or has ended.
fn node(
    state: &State,
    config: &serde_json::Value,
) -> anyhow::Result<Result<(Child, ChildStdin), ExitStatus>> {
    let mut node = Command::new("node")
        .arg(root().join("xtask/edge/edge.mjs"))
        .env(stale::MARK, &state.folder)
        .env("TMPDIR", state.scratch()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node")?;
    stale::note(&state.folder, node.id())?;
    let (Some(mut stdin), Some(stdout)) = (node.stdin.take(), node.stdout.take()) else {
        bail!("node has no pipes");
    };
    writeln!(stdin, "{config}").context("talking to node")?;
    let said = BufReader::new(stdout).lines().map_while(Result::ok).any(|line| line == "ready");
    if !said {
        return Ok(Err(node.wait()?));
    }
    Ok(Ok((node, stdin)))
}
