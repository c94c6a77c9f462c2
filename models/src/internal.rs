//! What our two Worker scripts ask of each other, over bindings that nobody else can reach.
//!
//! Declared like the API, so that neither side writes a path twice. These routes are not in the OpenAPI document.

pub mod announce;
pub mod desired;
pub mod metrics;
pub mod observe;
pub mod record;
pub mod revoke;
pub mod wake;

use crate::{
    auth::Grant,
    deployment::{Digest, Failure, Generation, ReleaseNumber},
    ids::{DeploymentId, UserId, VolumeId},
    time::Millis,
};

/// The header with the installation's internal secret.
pub const SECRET_HEADER: &str = "patr-internal";
/// The header in which `worker` names the runner whose token it has checked, when it hands a WebSocket on.
pub const RUNNER_HEADER: &str = "patr-runner";
/// The header in which `worker` names the workspace of that runner.
pub const WORKSPACE_HEADER: &str = "patr-workspace";
/// The header in which `worker` hands an encoded [`Listener`] (base64url) to a feed, with its WebSocket.
pub const LISTENER_HEADER: &str = "patr-listener";
/// The header in which `worker` hands an encoded [`crate::wire::OpenRequest`] (base64url) to a tunnel object.
pub const OPEN_HEADER: &str = "patr-open";
/// The header with which `worker` lets a request wait in a tunnel object while its lane is away.
pub const WAIT_HEADER: &str = "patr-wait";
/// The header in which a tunnel object says how long a request has waited for its agent, in milliseconds.
pub const PARKED_HEADER: &str = "patr-parked";
/// The header in which a tunnel object says that its own answer is not the application's; see [`TunnelTrouble`].
pub const TROUBLE_HEADER: &str = "patr-trouble";
/// The header with which `worker` says after how many milliseconds a tunnel object gives up waiting for the beginning of an
/// answer.
pub const TIMEOUT_HEADER: &str = "patr-timeout";
/// The header with a request's id, on what `worker` asks of a tunnel object and on every answer that comes through it.
pub const REQUEST_ID_HEADER: &str = "patr-request-id";

/// Why a tunnel object could not bring an answer of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelTrouble {
    /// No agent holds this lane. Another may be tried.
    LaneDown,
    /// The agent went away before it answered.
    Lost,
    /// The agent has no replica that could answer.
    NoReplica,
    /// A replica could not be reached, or broke off before it answered.
    Unreachable,
    /// Too many streams are open.
    Busy,
    /// The other side broke the protocol.
    Protocol,
    /// The target took longer than its managed URL allows.
    Timeout,
}

impl TunnelTrouble {
    const ALL: [Self; 7] = [
        Self::LaneDown,
        Self::Lost,
        Self::NoReplica,
        Self::Unreachable,
        Self::Busy,
        Self::Protocol,
        Self::Timeout,
    ];

    /// As in [`TROUBLE_HEADER`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LaneDown => "lane-down",
            Self::Lost => "lost",
            Self::NoReplica => "no-replica",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
        }
    }

    /// From [`TROUBLE_HEADER`].
    pub fn from_header(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == text)
    }
}

/// Somebody who listens to a feed, as `worker` has found it to be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Listener {
    pub user: UserId,
    /// What may be viewed.
    pub sees: Vec<Grant>,
    /// When what was shown to prove it ceases to be good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// What D1 has to know of a report: facts that outlive the session.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Facts {
    pub releases: Vec<ReleaseFact>,
    /// Tombstones that were carried out.
    pub gone: Vec<DeploymentId>,
    /// Volumes that are there: from now on their absence is an error.
    #[serde(default)]
    pub volumes: Vec<VolumeId>,
    /// Volumes that were to go and are gone.
    #[serde(default)]
    pub gone_volumes: Vec<VolumeId>,
}

impl Facts {
    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        let Self { releases, gone, volumes, gone_volumes } = self;
        releases.is_empty() && gone.is_empty() && volumes.is_empty() && gone_volumes.is_empty()
    }
}

/// Something that became known of a release.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ReleaseFact {
    pub deployment: DeploymentId,
    pub generation: Generation,
    pub release: ReleaseNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// How its rollout ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

impl ReleaseFact {
    /// Whether its rollout has ended well.
    pub fn is_live(&self) -> bool {
        matches!(self.ended, Some(Ended::Live))
    }
}

/// How a rollout ended on the runner.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ended {
    Live,
    Failed { failure: Failure },
}
