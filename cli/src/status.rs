//! What a deployment is doing, in words.

use patr_models::deployment::{Failure, FailureKind, Status, status::RolloutStep};

use crate::text;

/// A status in a few words.
pub(crate) fn words(status: &Status) -> String {
    match status {
        Status::Waiting { reason } => format!("waiting: {reason}"),
        Status::RollingOut { step, ready, wanted } => {
            format!("{}: {ready} of {wanted} ready", step_name(*step))
        }
        Status::Live { ready } => format!("live: {}", text::counted(*ready as usize, "replica")),
        Status::Degraded { ready, wanted, reason: None } => format!("degraded: {ready} of {wanted} ready"),
        Status::Degraded { ready, wanted, reason: Some(reason) } => {
            format!("degraded: {ready} of {wanted} ready, {}", why(reason))
        }
        Status::Failed { failure, serving } => {
            let serving = serving.map_or_else(String::new, |number| format!("; release {number} serves"));
            format!("failed: {}{serving}", why(failure))
        }
        Status::Stopped => "stopped".to_owned(),
        Status::Unknown { since } => format!("unknown: its runner is away since {}", text::time(*since)),
    }
}

fn step_name(step: RolloutStep) -> &'static str {
    match step {
        RolloutStep::Pulling => "pulling the image",
        RolloutStep::Starting => "starting",
        RolloutStep::Draining => "taking the old release out",
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
        | FailureKind::ProbeFailed => message.clone(),
    }
}
