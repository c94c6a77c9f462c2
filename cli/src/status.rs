//! What a deployment is doing, in words.

use patr_models::deployment::{Failure, FailureKind, Status, status::RolloutStep};

use crate::text;

/// A status in a few words.
pub(crate) fn words(status: &Status) -> String {
    match status {
        Status::Waiting { reason } => format!("waiting: {reason}"),
        Status::RollingOut { step: RolloutStep::Pulling, .. } => "pulling the image".to_owned(),
        Status::RollingOut { step: RolloutStep::Starting, ready, wanted } => {
            format!("starting: {ready} of {wanted} ready")
        }
        Status::RollingOut { step: RolloutStep::Draining, .. } => "taking old replicas out".to_owned(),
        Status::Live { ready } => format!("live: {}", text::counted(*ready as usize, "replica")),
        Status::Degraded { ready, wanted, reason: None } => format!("degraded: {ready} of {wanted} ready"),
        Status::Degraded { ready, wanted, reason: Some(reason) } => {
            format!("degraded: {ready} of {wanted} ready, {}", why(reason))
        }
        Status::Failed { failure, serving } => {
            let serving = serving.map_or_else(String::new, |number| format!("; release {number} serves"));
            format!("failed: {}{serving}", why(failure))
        }
        Status::Idle => "idle: the next request starts a replica".to_owned(),
        Status::Stopped => "stopped".to_owned(),
        Status::Unknown { since } => {
            format!(
                "unknown since {}: its runner, or what runs containers there, is away",
                text::time(*since)
            )
        }
    }
}

/// Why something did not work. The agent's own words say it all; an engine's or a registry's need a beginning.
pub(crate) fn why(failure: &Failure) -> String {
    let message = &failure.message;
    match failure.kind {
        FailureKind::ImageNotFound => format!("image not found: {message}"),
        FailureKind::PullDenied => format!("pull denied: {message}"),
        FailureKind::PullFailed => format!("pull failed: {message}"),
        FailureKind::Runtime => format!("refused by the runtime: {message}"),
        FailureKind::Exited
        | FailureKind::OutOfMemory
        | FailureKind::PortClosed
        | FailureKind::ProbeFailed
        | FailureKind::NotAlive
        | FailureKind::DiskFull
        | FailureKind::VolumeMissing
        | FailureKind::SecretSealed
        | FailureKind::RunnerAway
        | FailureKind::Other => message.clone(),
    }
}
