//! What only a runner in a cluster has: rights, neighbours, an API server, and a second agent.

mod neighbours;
mod outages;
mod rights;

use patr_stories::host::OnKubernetes;

use crate::runtimes::Desk;

/// Somebody with a runner in a cluster; `None`, said loudly, where there is no cluster.
async fn desk() -> Option<Desk<OnKubernetes>> {
    Desk::new().await
}
