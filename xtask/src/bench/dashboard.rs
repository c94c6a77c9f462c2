//! How long the dashboard takes until it is read and used. The stories drive the browser: theirs is what measures.

use std::path::Path;

use anyhow::{Context, ensure};

use crate::test;

/// The measurement, in `tests/it/dashboard/loading.rs`.
const STORY: &str = "dashboard::loading::beside_the_dashboard_of_a_peer";

pub(super) fn run(peer: &Path) -> anyhow::Result<()> {
    let peer = peer.canonicalize().with_context(|| format!("--peer: {}", peer.display()))?;
    ensure!(peer.join("index.html").is_file(), "--peer: {} has no `index.html`", peer.display());
    test::measure(STORY, ("PATR_PEER_DASHBOARD", &peer))
}
