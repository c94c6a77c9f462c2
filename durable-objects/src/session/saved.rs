//! What a session keeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use patr_models::{
    ids::{DeploymentId, RunnerId, VolumeId, WorkspaceId},
    internal::{Facts, ReleaseFact, desired::Passed},
    runner::Connection,
    time::Millis,
    wire::{Epoch, Report, Seq},
};
use serde::{Deserialize, Serialize};

/// How long an answer of `worker` is waited for before it is asked again: this object may have been moved or put to
/// sleep in between, and the answer lost with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest pause before something that failed is tried again.
const RETRY_MAX: Duration = Duration::from_secs(60);

fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.min(6)).min(RETRY_MAX)
}

/// What survives hibernation, and deploys: an older script's is read too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    pub runner: Option<RunnerId>,
    /// Whose feed hears of what changes here.
    pub workspace: Option<WorkspaceId>,
    pub epoch: Epoch,
    /// Whether the socket of the current epoch has said hello: nothing is sent to it and nothing taken before.
    pub greeted: bool,
    /// Grows with each change that [`Core::observe`](super::core::Core::observe) shows.
    pub version: u64,
    pub connection: Connection,
    /// Of the current epoch: reports up to this one are kept.
    pub seq: Seq,
    pub reported_at: Option<Millis>,
    pub report: Option<Report>,
    /// The newest snapshot that was fetched.
    pub snapshot: Option<Passed>,
    /// What D1 was told, so that it hears each thing once.
    pub recorded: BTreeMap<DeploymentId, ReleaseFact>,
    /// Volumes of which D1 knows that they are there.
    pub recorded_volumes: BTreeSet<VolumeId>,
    /// What D1 has not confirmed.
    pub pending: Option<Pending>,
    /// The desired state is being fetched, or could not be.
    pub fetch: Option<Retry>,
}

/// Something is on its way, or failed: should no answer have come by `at`, it is done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    pub at: Millis,
    pub attempt: u32,
}

impl Retry {
    pub(super) fn first(now: Millis) -> Self {
        Self { at: now + PATIENCE, attempt: 0 }
    }

    /// It was tried once more, and the answer is awaited.
    pub(super) fn again(self, now: Millis) -> Self {
        Self { at: now + PATIENCE, attempt: self.attempt + 1 }
    }

    /// It failed.
    pub(super) fn failed(self, now: Millis) -> Self {
        Self { at: now + backoff(self.attempt + 1), attempt: self.attempt + 1 }
    }
}

/// Facts on their way to D1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    pub facts: Facts,
    /// The report that is acknowledged to the agent once D1 has the facts.
    pub of: ReportId,
    pub retry: Retry,
}

/// Names one report. A number alone means another report on the next connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportId {
    pub epoch: Epoch,
    pub seq: Seq,
}

impl Default for Saved {
    fn default() -> Self {
        Self {
            runner: None,
            workspace: None,
            epoch: 0,
            greeted: false,
            version: 0,
            connection: Connection::Never,
            seq: 0,
            reported_at: None,
            report: None,
            snapshot: None,
            recorded: BTreeMap::new(),
            recorded_volumes: BTreeSet::new(),
            pending: None,
            fetch: None,
        }
    }
}
