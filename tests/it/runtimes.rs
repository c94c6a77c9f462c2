//! What every runtime has to do, each with the parts that it runs on in earnest. A runner that somebody else makes has to
//! pass this: implement [`Host`] for it, and add it to [`on_each_runtime`].

mod keeping;
mod offline;
mod reaching;
mod rollouts;
mod serving;

use patr_models::deployment::WorkloadSpec;
use patr_stories::{
    Caller, Edge, Host, Program,
    caller::{live, web},
    eventually,
};

/// Somebody with a runner.
pub(crate) struct Desk<H> {
    pub(crate) edge: Edge,
    pub(crate) owner: Caller,
    pub(crate) patr: Program,
    pub(crate) host: H,
}

impl<H: Host> Desk<H> {
    pub(crate) async fn new() -> Option<Self> {
        let edge = Edge::start().await;
        let owner = edge.owner("owner", "acme").await;
        let host = H::start(&edge, &owner).await?;
        let patr = Program::of(&edge, &owner);
        Some(Self { edge, owner, patr, host })
    }

    /// The example, as release so many.
    pub(crate) fn release(&self, number: u32) -> WorkloadSpec {
        let mut spec = web(&self.host.image());
        spec.user = self.host.user().map(str::to_owned);
        spec.env.insert("RELEASE".parse().unwrap(), number.to_string());
        spec.start_deadline_s = Some(60);
        spec
    }

    /// The example as `web`, with this many replicas; its id.
    pub(crate) async fn deployed(&self, replicas: u32) -> String {
        let made = self.owner.deploy("web", "box", self.release(0)).await.unwrap();
        self.owner.scale("web", replicas).await;
        self.owner.sees("web", live(replicas)).await;
        made.id.to_string()
    }

    /// Waits until an observer finds so many replicas, and no others; their names.
    pub(crate) async fn finds(&self, deployment: &str, count: usize) -> Vec<String> {
        eventually(&format!("{count} replicas, as an observer finds them"), async || {
            let found = self.host.replicas(deployment);
            if found.len() == count { Ok(found) } else { Err(found) }
        })
        .await
    }
}

/// Makes a test of each story on each runtime, but for those that have nothing that lasts if the stories are about that.
macro_rules! on_each_runtime {
    (that keeps: $($story:ident)*) => {
        on_each_runtime!(@ docker patr_stories::host::OnDocker: $($story)*);
        on_each_runtime!(@ kubernetes patr_stories::host::OnKubernetes: $($story)*);
    };
    ($($story:ident)*) => {
        on_each_runtime!(that keeps: $($story)*);
        on_each_runtime!(@ processes patr_stories::host::OnProcesses: $($story)*);
    };
    (@ $runtime:ident $host:ty: $($story:ident)*) => {
        mod $runtime {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    let Some(desk) = crate::runtimes::Desk::<$host>::new().await else { return };
                    super::$story(desk).await;
                }
            )*
        }
    };
}
use on_each_runtime;
