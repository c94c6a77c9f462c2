//! `cargo xtask assets`: Cloudflare's own asset server over a folder, to compare with.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::edge::{Edge, interrupts};
use crate::tools;

/// What to serve
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder; `_redirects` and `_headers` in it count
    directory: PathBuf,
    /// Where the server keeps its own things
    #[arg(long)]
    state: PathBuf,
    /// As in wrangler's `assets`
    #[arg(long, default_value = "auto-trailing-slash")]
    html_handling: String,
    /// As in wrangler's `assets`
    #[arg(long, default_value = "404-page")]
    not_found_handling: String,
}

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// The server did not start, or ended by itself.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    tools::npm()?;
    let config = json!({
        "html_handling": options.html_handling,
        "not_found_handling": options.not_found_handling,
    });
    let mut server = Edge::plain(&options.state, &worker(&options.directory.canonicalize()?, &config))?;
    let interrupted = interrupts()?;
    println!("ready {}", server.url);
    server.until(&interrupted, || Ok(()))
}

/// A Worker that is nothing but assets, as Miniflare takes it.
pub(crate) fn worker(directory: &Path, config: &Value) -> Value {
    json!([{
        "name": "assets",
        "compatibilityDate": "2026-04-01",
        "modules": [{ "type": "ESModule", "path": "none.js", "contents": "export default {};" }],
        "assets": {
            "directory": directory,
            "workerName": "assets",
            "routerConfig": { "has_user_worker": false },
            "assetConfig": config,
        },
    }])
}
