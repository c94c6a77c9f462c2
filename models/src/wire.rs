//! What a runner and the edge say to each other.
//!
//! The **session** is one WebSocket of JSON text: [`ToAgent`] one way, [`FromAgent`] the other. The **tunnel** is
//! one WebSocket per lane of binary `patr-tunnel` frames; what opens a stream there is an [`OpenRequest`], and an
//! http stream answers with a [`ResponseHead`].
//!
//! Heartbeats are the literal texts [`PING`] and [`PONG`]: only a fixed string can be answered by the platform
//! without waking the object that holds the session.
//!
//! Changing a message: fields may be added with a default, and readers ignore what they do not know; anything
//! else needs a new [`PROTOCOL`]. Both ends are deployed at different times, so every change must hold for an old
//! reader with new data and for a new reader with old data. `tests/wire/` pins a message of each kind, and
//! `docs/wire.md` has the rules at length.

mod usage;
mod volume;

use crate::{
    deployment::{Autoscale, Digest, Failure, FailureKind, Generation, Power, ReleaseNumber, WorkloadSpec},
    ids::{DeploymentId, RunnerId, VolumeId, WorkspaceId},
    name::Name,
    time::Millis,
};

pub use usage::{HostHealth, Sample, Usage};
pub use volume::{DesiredVolume, ObservedVolume, SnapshotMade, VolumeWork};

/// The version of these messages. Another one is refused, not warned about.
pub const PROTOCOL: u32 = 1;
/// What an agent sends as a heartbeat.
pub const PING: &str = "ping";
/// What the edge answers to it.
pub const PONG: &str = "pong";
/// What the edge says on a tunnel whose streams it has forgotten in its sleep. Text, so that it is no frame.
pub const RESTART: &str = "restart";
/// The agent's answer to [`RESTART`]: what it sends from here on is of new streams.
pub const RESTARTED: &str = "restarted";
/// What the edge says on a tunnel when it waits for an answer and has heard nothing for a while. Unlike [`PING`], it finds out
/// whether the agent is there within a moment.
pub const PROBE: &str = "probe";
/// The agent's answer to [`PROBE`], at once. Its first words on a tunnel, so that the edge knows that it answers; and said
/// again while it only takes what the edge sends.
pub const PROBED: &str = "probed";
/// How often an agent sends [`PING`], in seconds. Cloudflare drops a WebSocket that is silent for 100.
pub const PING_EVERY_S: u64 = 20;
/// How long an agent waits for anything at all before it takes the link for dead, in seconds.
pub const SILENCE_S: u64 = 50;

/// Codes with which the edge closes a session or a tunnel (RFC 6455, 7.4.2: 4000–4999 are ours).
pub mod close {
    /// A newer connection with the same token took over. The agent exits.
    pub const REPLACED: u16 = 4001;
    /// The token was revoked or its runner deleted. The agent exits.
    pub const REVOKED: u16 = 4002;
    /// The protocol is not spoken any more. The agent exits.
    pub const PROTOCOL: u16 = 4003;
    /// A message could not be read. The agent reconnects.
    pub const MALFORMED: u16 = 4004;
    /// The connection has served its time. The agent reconnects.
    pub const RENEW: u16 = 4005;
    /// A tunnel's agent did not answer [`PROBE`](super::PROBE). The agent reconnects.
    pub const SILENT: u16 = 4006;
}

/// Counts the connections of a runner; the highest one is the only one that counts.
pub type Epoch = u64;
/// Numbers the reports within an epoch, from 1.
pub type Seq = u64;
/// Counts the changes of a runner's desired state.
pub type Revision = u64;

/// From the edge to a runner. Order within one connection is guaranteed; delivery is not. `S` is how the sender holds
/// a snapshot: the object that passes it on does not read all of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent<S = Snapshot> {
    /// The answer to [`FromAgent::Hello`], and the first message. The runner must not act before it.
    Welcome {
        runner: RunnerId,
        protocol: u32,
        epoch: Epoch,
        now: Millis,
        lanes: u8,
        /// Whether [`FromAgent::Metrics`] is understood here: an edge that does not know it would take it for garbage.
        #[serde(default)]
        metrics: bool,
    },
    /// The whole of what should run here. Replaces any with a lower revision.
    Desired { snapshot: S },
    /// Every report up to and including `through` is kept.
    Stored { through: Seq },
}

/// From a runner to the edge.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromAgent {
    /// The first message.
    Hello {
        protocol: u32,
        /// The agent's version.
        agent: String,
        /// The machine in words, such as `Docker 28.2.2 on linux/amd64`.
        #[serde(default)]
        host: Option<String>,
        /// The agent's clock, to find how wrong it is. Nothing is decided by it.
        clock: Millis,
        /// The revision that the agent has on disk, if it has one.
        #[serde(default)]
        revision: Option<Revision>,
    },
    /// What is here now; the whole of it. Resent after a reconnect until [`ToAgent::Stored`].
    Report { seq: Seq, report: Report },
    /// What the replicas used since the last such message; only to an edge that welcomes it. Nothing is resent: a gap is a gap.
    Metrics { samples: Vec<Sample> },
}

/// Everything that should run on a runner, at one revision.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Snapshot {
    pub revision: Revision,
    pub deployments: Vec<DesiredDeployment>,
    /// Every volume that should be there, used or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<DesiredVolume>,
    /// Volumes that must go. One that is merely absent is left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buried_volumes: Vec<VolumeId>,
    /// Deployments that say more than is known here. What runs of them is left alone: without the volume, say, that
    /// is news to this reader it would do harm, and refusing the snapshot would hold up every other deployment.
    #[serde(skip)]
    pub unreadable: Vec<Unreadable>,
    /// What must go. A deployment that is merely absent is left alone.
    pub tombstones: Vec<Tombstone>,
}

impl<'de> serde::Deserialize<'de> for Snapshot {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Written {
            revision: Revision,
            deployments: Vec<serde_json::Value>,
            #[serde(default)]
            volumes: Vec<DesiredVolume>,
            #[serde(default)]
            buried_volumes: Vec<VolumeId>,
            tombstones: Vec<Tombstone>,
        }
        let Written { revision, deployments, volumes, buried_volumes, tombstones } =
            Written::deserialize(from)?;
        let mut snapshot = Self { revision, volumes, buried_volumes, tombstones, ..Self::default() };
        for deployment in deployments {
            match DesiredDeployment::deserialize(&deployment) {
                Ok(desired) => snapshot.deployments.push(desired),
                Err(problem) => {
                    let outline = Outline::deserialize(deployment).map_err(serde::de::Error::custom)?;
                    snapshot.unreadable.push(Unreadable { outline, problem: problem.to_string() });
                }
            }
        }
        Ok(snapshot)
    }
}

/// What never changes about a [`DesiredDeployment`], so that any reader can speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Outline {
    pub id: DeploymentId,
    pub generation: Generation,
    pub release: ReleaseNumber,
}

/// A deployment that is from a newer edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub outline: Outline,
    pub problem: String,
}

impl Unreadable {
    /// What its runner reports, so that whoever deployed it is not left waiting.
    pub fn observed(&self) -> ObservedDeployment {
        let Outline { id, generation, release } = self.outline;
        let message =
            format!("this runner's agent is too old for it: install the current one ({})", self.problem);
        let failure = Failure { kind: FailureKind::Runtime, message, logs: Vec::new() };
        ObservedDeployment {
            id,
            generation,
            release,
            digest: None,
            phase: Phase::Failed { failure, serving: None },
            ready: 0,
            wanted: None,
            replicas: Vec::new(),
            trouble: None,
        }
    }
}

/// A deployment as it should be.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct DesiredDeployment {
    pub id: DeploymentId,
    pub workspace: WorkspaceId,
    pub name: Name,
    pub generation: Generation,
    pub release: ReleaseNumber,
    pub power: Power,
    /// How many should run; with `autoscale` the least of them.
    pub replicas: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
    /// Counts the restarts that people asked for; part of the spec hash.
    pub restart: u64,
    pub spec: WorkloadSpec,
    /// What to run, once a runner has found what the tag means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The values of the secrets in `spec`: a [`Secrets`](crate::secret::Secrets) as JSON, sealed to the runner's key
    /// (libsodium's `crypto_box_seal`), as base64. Sealing is random, so equal secrets do not look equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// Proof that a deployment was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Tombstone {
    pub deployment: DeploymentId,
    /// Newer than any generation that the deployment had.
    pub generation: Generation,
}

/// What is on a runner now.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// The snapshot that this answers.
    pub revision: Revision,
    pub deployments: Vec<ObservedDeployment>,
    /// Tombstones that are carried out: nothing of these deployments is left.
    #[serde(default)]
    pub gone: Vec<DeploymentId>,
    /// Volumes that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ObservedVolume>,
    /// Volumes that were to go and are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone_volumes: Vec<VolumeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HostHealth>,
}

/// A deployment as its runner sees it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ObservedDeployment {
    pub id: DeploymentId,
    /// The generation that this is about.
    pub generation: Generation,
    pub release: ReleaseNumber,
    /// What the image of `release` turned out to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    pub phase: Phase,
    /// Replicas of `release` that serve.
    pub ready: u32,
    /// How many the runner has decided to run, where that is its decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<u32>,
    /// Every replica there is, of whatever release.
    #[serde(default)]
    pub replicas: Vec<ObservedReplica>,
    /// What is wrong with a replica that should serve and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Failure>,
}

/// Where a deployment is on its way to its current release.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    Pulling,
    Starting,
    Draining,
    /// Nothing more is to be done; `ready` says how well it went.
    Settled,
    /// The rollout ended; `serving` is what runs instead.
    Failed {
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serving: Option<ReleaseNumber>,
    },
    Stopped,
}

/// One replica.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ObservedReplica {
    /// The beginning of the container's id.
    pub id: String,
    pub release: ReleaseNumber,
    pub ready: bool,
    pub restarts: u32,
}

/// What opens a stream of a tunnel.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OpenRequest {
    /// A request to a replica. The body follows as data; the answer is a [`ResponseHead`] and its body. A request with
    /// `upgrade: websocket` that is answered 101 goes on as messages both ways (`patr_tunnel::message`).
    Http {
        deployment: DeploymentId,
        port: u16,
        method: String,
        /// Path and query, as the client sent them.
        target: String,
        /// In order, repeated ones too. Values are bytes of Latin-1, one character each.
        headers: Vec<(String, String)>,
    },
    /// What the replicas write, as lines of `LogLine`; no data the other way.
    Logs {
        deployment: DeploymentId,
        follow: bool,
        tail: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replica: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Millis>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        search: Option<String>,
    },
    /// A command in a replica. The answer is a [`ResponseHead`] with 101 and then messages as of a WebSocket: see
    /// [`crate::deployment::exec`]. Anything but 101 has a sentence as its body.
    Exec {
        deployment: DeploymentId,
        /// The beginning of a container's id; any replica when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replica: Option<String>,
        command: Vec<String>,
        /// A terminal of this size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tty: Option<crate::deployment::exec::Size>,
    },
    /// A connection to a port of a replica. The answer is a [`ResponseHead`] with 101 and then messages as of a WebSocket: see
    /// [`crate::deployment::connect`]. Anything but 101 has a sentence as its body.
    Tcp {
        deployment: DeploymentId,
        port: u16,
        /// The beginning of a container's id; any replica that serves when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replica: Option<String>,
    },
    /// What the replicas were asked, as lines of `RequestLine`; no data the other way.
    Requests { deployment: DeploymentId, follow: bool, tail: u32 },
    /// Work on a volume. The answer is a [`ResponseHead`]: 200, or a status with a sentence as its body.
    Volume { work: VolumeWork },
}

/// The beginning of an answer on an http stream: four bytes of length, big-endian, and this as JSON. The body
/// follows.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ResponseHead {
    pub status: u16,
    /// As in [`OpenRequest::Http`].
    pub headers: Vec<(String, String)>,
}

/// Whether the edge asks once more, on whichever agent is there by then, when an http stream without a body was lost
/// before its answer began. An agent that is about to end may leave such a stream unanswered, and no other.
pub fn is_asked_again(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// Longest [`ResponseHead`], in bytes; Cloudflare allows 128 KB of headers.
pub const HEAD_MAX: usize = 160 * 1024;
