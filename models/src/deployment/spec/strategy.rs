//! How one release follows another, and how many replicas there are.

use super::WorkloadSpec;
use crate::limits::REPLICAS_MAX;

/// How one release follows another. In none of them a request is lost: where nothing can serve for a while, requests
/// wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One new replica at a time; with each that serves, one old replica goes.
    Rolling,
    /// All new replicas start beside the old ones, and take over together.
    BlueGreen,
    /// The old replicas stop before new ones start: for what must not run twice. Should the new ones fail, the old ones
    /// are started again.
    Recreate,
}

impl WorkloadSpec {
    /// How this release follows another: as declared, and else rolling, unless a volume allows only one writer.
    pub fn strategy(&self) -> Strategy {
        let exclusive = self.volumes.values().any(super::Mount::is_exclusive);
        let default = if exclusive { Strategy::Recreate } else { Strategy::Rolling };
        self.strategy.unwrap_or(default)
    }
}

/// Lets the runner choose how many replicas there are, from `replicas` up to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscale {
    pub max: u32,
    /// The use of processors that a replica should have, in percent of `resources.cpu_millis` (of one core when that is
    /// absent); 70 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<u32>,
    /// How long fewer replicas must have been enough before one goes, in seconds; 300 when absent. With `replicas` 0 the
    /// last one goes when there was no request for as long, and the next request waits until one has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_s: Option<u32>,
}

impl Autoscale {
    /// The aim, in percent.
    pub fn cpu_percent(&self) -> u32 {
        self.cpu_percent.unwrap_or(70)
    }

    /// Seconds before a replica goes.
    pub fn idle_s(&self) -> u32 {
        self.idle_s.unwrap_or(300)
    }

    /// The first problem, with the field that it is about.
    pub fn check(&self, min: u32) -> Result<(), super::SpecError> {
        super::ensure((min.max(1)..=REPLICAS_MAX).contains(&self.max), "autoscale.max", || {
            format!("use {} (the least number of replicas) to {REPLICAS_MAX}", min.max(1))
        })?;
        super::ensure((1..=100).contains(&self.cpu_percent()), "autoscale.cpu_percent", || {
            "use 1 to 100".to_owned()
        })?;
        super::ensure((1..=86_400).contains(&self.idle_s()), "autoscale.idle_s", || {
            "use 1 to 86400 seconds".to_owned()
        })
    }
}
