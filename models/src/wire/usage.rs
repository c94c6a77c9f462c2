//! What replicas use, and how their machine does.

use crate::{ids::DeploymentId, time::Millis};

/// How a runner's machine does. Rounded, so that a report changes only with something worth saying.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct HostHealth {
    /// Where the runtime keeps its data, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_total: Option<u64>,
    /// To whole percents of `disk_total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free: Option<u64>,
    /// What keeps the runner from working, as an Engine that does not answer or a disk that is full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Since when the runtime has not answered, by the runner's clock: until it does again, what is said of deployments
    /// is what was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_since: Option<Millis>,
}

/// What a replica used, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Sample {
    pub at: Millis,
    pub deployment: DeploymentId,
    /// The beginning of the container's id.
    pub replica: String,
    pub usage: Usage,
}

/// What a replica uses.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Usage {
    /// Thousandths of a core, on average since the sample before.
    pub cpu_millis: u32,
    /// Bytes, without what the kernel would give up.
    pub memory_bytes: u64,
    /// Bytes since the sample before.
    pub received_bytes: u64,
    pub sent_bytes: u64,
    pub read_bytes: u64,
    pub written_bytes: u64,
}
