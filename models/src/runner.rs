//! Machines and clusters that run workloads.

use crate::{ids::RunnerId, name::Name, time::Millis, wire::HostHealth};

pub mod connect;
pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod rename;
pub mod rotate_token;
pub mod tunnel;

/// What a runner drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    Docker,
    Kubernetes,
}

impl RuntimeKind {
    /// As in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Kubernetes => "kubernetes",
        }
    }
}

/// A machine or cluster that runs workloads.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Runner {
    pub id: RunnerId,
    pub name: Name,
    pub runtime: RuntimeKind,
    pub created_at: Millis,
    pub connection: Connection,
    /// How the machine did when its agent last said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HostHealth>,
}

/// Whether a runner is there, and since when.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Connection {
    /// No agent has used its token yet.
    Never,
    /// Its session is open.
    Online {
        since: Millis,
        /// The agent's version.
        agent: String,
        /// The machine, as the agent describes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// How far the machine's clock is ahead of the edge's (negative: behind), in milliseconds.
        clock_skew_ms: i64,
    },
    /// Its session is closed.
    Offline { since: Millis },
}

impl Connection {
    /// Since when the runtime of a runner that is there has not answered, by the edge's clock.
    pub fn runtime_away_since(&self, health: Option<&HostHealth>) -> Option<Millis> {
        let Self::Online { clock_skew_ms, .. } = self else { return None };
        Some(Millis(health?.away_since?.0.saturating_sub_signed(*clock_skew_ms)))
    }
}

/// A runner with its secret, which is answered this once.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct RunnerWithToken {
    #[serde(flatten)]
    pub runner: Runner,
    /// Begins with `patr_r_`. Stored only as a hash.
    pub token: String,
}
