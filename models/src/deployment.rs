//! Configurations of images to run, their releases and what is known of them.

use crate::{
    ids::{DeploymentId, UserId},
    name::Name,
    time::Millis,
    wire::ObservedReplica,
};

pub mod cancel;
pub mod connect;
pub mod create;
pub mod delete;
pub mod exec;
pub mod get;
pub mod image;
pub mod list;
pub mod logs;
pub mod metrics;
pub mod placement;
pub mod releases;
pub mod requests;
pub mod restart;
pub mod rollback;
pub mod scale;
pub mod spec;
pub mod start;
pub mod status;
pub mod stop;
pub mod update;
pub mod watch;

pub use image::{Digest, ImageRef};
pub use placement::{Placed, Placement};
pub use spec::{Autoscale, PortSpec, Strategy, WorkloadSpec};
pub use status::{Failure, FailureKind, Status};

/// Counts the changes of a deployment's desired state, from 1.
pub type Generation = u64;
/// Numbers a deployment's releases, from 1.
pub type ReleaseNumber = u32;

/// Whether a deployment should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    Running,
    Stopped,
}

/// A deployment, as desired and as last seen.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Deployment {
    pub id: DeploymentId,
    pub name: Name,
    /// Where it is, in the order of the list; commands run on the first unless another is named.
    pub runners: Vec<Placed>,
    pub generation: Generation,
    /// The current release.
    pub release: ReleaseNumber,
    pub power: Power,
    /// How many should run on each runner; with `autoscale` the least of them.
    pub replicas: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
    pub spec: WorkloadSpec,
    /// What `spec.image` was when a runner first pulled it; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The automatic managed URL of its first http port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of all its runners together, derived when asked for; see [`status::combine`].
    pub status: Status,
    pub created_at: Millis,
    pub updated_at: Millis,
}

impl Deployment {
    /// Every replica that any of its runners saw last, of whatever release.
    pub fn seen(&self) -> impl Iterator<Item = &ObservedReplica> {
        self.runners.iter().flat_map(|placed| &placed.seen)
    }
}

/// An immutable snapshot of a deployment's configuration.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Release {
    pub number: ReleaseNumber,
    /// Whether it is the one that should run.
    pub current: bool,
    pub spec: WorkloadSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    pub outcome: Outcome,
    pub created_by: UserId,
    /// The address of who made it, while that account exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by_email: Option<String>,
    pub created_at: Millis,
}

/// How a rollout to a release ended.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended.
    Pending,
    /// It went live.
    Live { at: Millis },
    /// The release before it still serves.
    Failed { at: Millis, failure: Failure },
    /// A newer one took its place first.
    Superseded { at: Millis },
    /// Somebody called it off; the release before it goes on serving.
    Cancelled { at: Millis },
}
