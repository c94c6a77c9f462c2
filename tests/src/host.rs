//! What runners run on, as the suite of runtimes sees it: each starts agents in its own way, and has its own way to see
//! from outside what they have made.

mod docker;
mod kubernetes;
mod processes;

pub use docker::OnDocker;
pub use kubernetes::{Cluster, OnKubernetes};
pub use processes::OnProcesses;

use crate::{Caller, Edge};

/// An agent on a runtime, as the runner `box` of a workspace. What it has made goes with it.
#[expect(async_fn_in_trait, reason = "the stories run on one thread each")]
pub trait Host: Sized {
    /// Whether a replica that takes too much memory is ended for that.
    const HOLDS_TO_MEMORY: bool = true;
    /// Whether a program may listen elsewhere than where its deployment says: not where it is told where to.
    const LISTENS_ANYWHERE: bool = true;
    /// How many rollouts show enough: fewer where each takes long.
    const ROLLOUTS: u32 = 5;

    /// Adds the runner and starts its agent; `None`, said loudly, where the runtime is not here. In CI it must be.
    async fn start(edge: &Edge, owner: &Caller) -> Option<Self>;
    /// What the example is called here.
    fn image(&self) -> String;
    /// The example's program, as a command in a replica names it.
    fn program(&self) -> String {
        "/patr-example-web".to_owned()
    }
    /// Who runs it, where root may not.
    fn user(&self) -> Option<&'static str> {
        None
    }
    /// The agent ends as in a power cut, and comes back.
    async fn kill_agent(&mut self);
    /// A newer agent takes over from the one that runs.
    async fn upgrade_agent(&mut self);
    /// Replicas of a deployment that run, by the names that the runtime gives them, sorted.
    fn replicas(&self, deployment: &str) -> Vec<String>;
    /// How often replicas of a deployment were started again where they are.
    fn restarts(&self, deployment: &str) -> u64;
    /// Volumes that are kept, of whichever deployment.
    fn volumes(&self) -> usize;
}
