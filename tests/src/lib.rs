//! The harness of the stories: an edge, callers of its API, and runners. A test reads like the sentence in its name.
//!
//! `cargo xtask test` builds what is needed and says where it is: `PATR_EDGE_CMD` (words), `PATR_RUNNER_BIN`,
//! `PATR_BIN` (paths) and, where there is an Engine, `PATR_EXAMPLE_IMAGE`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test harness"
)]

pub mod browser;
pub mod caller;
pub mod dashboard;
pub mod docker;
pub mod edge;
pub mod engine;
pub mod exchange;
pub mod folder;
pub mod host;
pub mod link;
pub mod load;
pub mod namespace;
pub mod nat;
pub mod program;
pub mod registry;
pub mod runner;
pub mod tab;

pub use browser::Browser;
pub use caller::Caller;
pub use dashboard::Dashboard;
pub use docker::Docker;
pub use edge::{AssetServer, Edge};
pub use engine::Engine;
pub use folder::{File, Folder};
pub use host::Host;
pub use namespace::Namespace;
pub use program::{Ended, Program};
pub use runner::Agent;
pub use tab::Tab;

use std::time::Duration;

/// How long anything may take on a slow and busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A client to be built. Nothing here speaks TLS, but the command line's feature of `reqwest`, which a workspace
/// build turns on for everyone, wants a provider to be named.
pub fn http_client() -> reqwest::ClientBuilder {
    // It is named already when this is not the first client.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// Lets time go by: for the moment of a fault, which a story varies, never to wait for something.
pub async fn pass(time: Duration) {
    // Nothing is awaited, so nothing but the time ends it.
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

/// Asks until there is an answer, and says what was last seen when there is none in time.
pub async fn eventually<T, S: std::fmt::Debug>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, S>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let mut last = None;
    let asking = async {
        loop {
            tick.tick().await;
            match ask().await {
                Ok(answer) => return answer,
                Err(seen) => last = Some(seen),
            }
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("{what} did not happen within {PATIENCE:?}; last seen: {last:?}"),
    }
}

/// How much is done. The whole dose is for a machine of one's own: `PATR_DOSE=10 cargo xtask test -- runtimes`.
pub fn dose() -> u32 {
    std::env::var("PATR_DOSE").ok().and_then(|dose| dose.parse().ok()).unwrap_or(1)
}

/// An image of Debian packages; `None`, said loudly, where they could not be had.
pub fn debian_image() -> Option<String> {
    let image = std::env::var("PATR_DEBIAN_IMAGE").ok();
    if image.is_none() {
        eprintln!("SKIPPED: there is no image of Debian packages here");
    }
    image
}

/// The image that the stories deploy; `None`, said loudly, where there is no Engine. In CI there must be one.
pub fn example_image() -> Option<String> {
    let image = std::env::var("PATR_EXAMPLE_IMAGE").ok();
    if image.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs a Docker Engine: PATR_EXAMPLE_IMAGE is not set");
        eprintln!("SKIPPED: there is no Docker Engine here");
    }
    image
}
