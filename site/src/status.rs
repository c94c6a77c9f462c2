//! What a status or a connection is called, and how it looks. A word and a sign always say what the colour says.

use patr_models::{
    deployment::{Failure, FailureKind, Outcome, Status, status::RolloutStep},
    runner::Connection,
    volume::VolumeState,
};

use crate::format::{counted, exact};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    /// On its way.
    Busy,
    Warning,
    Bad,
    /// Neither good nor bad, or not known.
    Quiet,
}

impl Tone {
    /// As in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

/// A tone and a word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    pub tone: Tone,
    pub word: &'static str,
}

const fn badge(tone: Tone, word: &'static str) -> Badge {
    Badge { tone, word }
}

/// A deployment's status in a word.
pub fn of_deployment(status: &Status) -> Badge {
    match status {
        Status::Waiting { .. } => badge(Tone::Busy, "Waiting"),
        Status::RollingOut { .. } => badge(Tone::Busy, "Rolling out"),
        Status::Live { .. } => badge(Tone::Good, "Live"),
        Status::Degraded { .. } => badge(Tone::Warning, "Degraded"),
        Status::Failed { .. } => badge(Tone::Bad, "Failed"),
        Status::Idle => badge(Tone::Quiet, "Idle"),
        Status::Stopped => badge(Tone::Quiet, "Stopped"),
        Status::Unknown { .. } => badge(Tone::Warning, "Unknown"),
    }
}

/// The same, with its cause.
pub fn cause(status: &Status) -> String {
    match status {
        Status::Waiting { reason } => format!("Nothing has happened yet: {reason}."),
        Status::RollingOut { step: RolloutStep::Pulling, .. } => {
            "The runner is pulling the image.".to_owned()
        }
        Status::RollingOut { step: RolloutStep::Starting, ready, wanted } => {
            format!("New replicas are starting: {ready} of {wanted} ready.")
        }
        Status::RollingOut { step: RolloutStep::Draining, .. } => {
            "The new replicas serve; the old ones finish what they hold.".to_owned()
        }
        Status::Live { ready } => {
            format!(
                "{} {}.",
                counted(u64::from(*ready), "replica"),
                if *ready == 1 { "serves" } else { "serve" }
            )
        }
        Status::Degraded { ready, wanted, reason } => {
            let why = reason.as_ref().map_or_else(String::new, |reason| format!(": {}", reason.message));
            format!("{ready} of {wanted} replicas are ready{why}")
        }
        Status::Failed { failure, .. } => why(failure),
        Status::Idle => "Nobody asks for it, so no replica runs. The next request starts one.".to_owned(),
        Status::Stopped => "Somebody stopped it.".to_owned(),
        Status::Unknown { since } => {
            format!(
                "Its runner, or Docker there, has been away since {}. What was seen before that may have changed.",
                exact(*since)
            )
        }
    }
}

/// What goes on serving after a rollout that failed.
pub fn still_serving(status: &Status) -> Option<String> {
    let Status::Failed { serving, .. } = status else { return None };
    Some(serving.map_or_else(
        || "No release serves.".to_owned(),
        |release| format!("Release {release} still serves."),
    ))
}

/// What went wrong, if anything did.
pub fn failure(status: &Status) -> Option<&Failure> {
    match status {
        Status::Failed { failure, .. } => Some(failure),
        Status::Degraded { reason, .. } => reason.as_ref(),
        _ => None,
    }
}

/// Why something did not work. The agent's own words say it all; an engine's or a registry's need a beginning.
fn why(failure: &Failure) -> String {
    let beginning = match failure.kind {
        FailureKind::ImageNotFound => "The image was not found: ",
        FailureKind::PullDenied => "The registry did not give the image away: ",
        FailureKind::PullFailed => "The image could not be pulled: ",
        FailureKind::Runtime => "The runtime refused: ",
        _ => "",
    };
    if beginning.is_empty() { capital(&failure.message) } else { format!("{beginning}{}", failure.message) }
}

/// As a sentence begins: the API's words are made to stand inside of one.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What to look at next, where that is known.
pub fn advice(kind: FailureKind) -> Option<&'static str> {
    Some(match kind {
        FailureKind::ImageNotFound => "Check the image's name and tag, and that it was pushed.",
        FailureKind::PullFailed => {
            "Check that the machine reaches the registry, then restart the deployment."
        }
        FailureKind::Exited => "Its last lines, below, mostly say why it ended.",
        FailureKind::OutOfMemory => "Give it more memory, or have it use less.",
        FailureKind::PortClosed => {
            "Have the program listen on 0.0.0.0 at the declared port, or declare the port that it listens on."
        }
        FailureKind::ProbeFailed | FailureKind::NotAlive => {
            "Look at what the probe asks, and at the program's log."
        }
        FailureKind::DiskFull => "Make room on the machine, then restart the deployment.",
        FailureKind::RunnerAway => "Look at the runner that is away.",
        FailureKind::PullDenied
        | FailureKind::SecretSealed
        | FailureKind::VolumeMissing
        | FailureKind::Runtime
        | FailureKind::Other => return None,
    })
}

/// How a release ended, in a word.
pub fn of_release(outcome: &Outcome) -> Badge {
    match outcome {
        Outcome::Pending => badge(Tone::Busy, "Rolling out"),
        Outcome::Live { .. } => badge(Tone::Good, "Went live"),
        Outcome::Failed { .. } => badge(Tone::Bad, "Failed"),
        Outcome::Superseded { .. } => badge(Tone::Quiet, "Superseded"),
        Outcome::Cancelled { .. } => badge(Tone::Quiet, "Cancelled"),
    }
}

/// Whether a runner is there, in a word.
pub fn of_runner(connection: &Connection, has_trouble: bool) -> Badge {
    match connection {
        Connection::Never => badge(Tone::Busy, "Waiting"),
        Connection::Online { .. } if has_trouble => badge(Tone::Warning, "In trouble"),
        Connection::Online { .. } => badge(Tone::Good, "Connected"),
        Connection::Offline { .. } => badge(Tone::Bad, "Away"),
    }
}

/// Whether a volume is there, in a word.
pub fn of_volume(state: VolumeState) -> Badge {
    match state {
        VolumeState::Waiting => badge(Tone::Busy, "Waiting"),
        VolumeState::Ready => badge(Tone::Good, "Ready"),
        VolumeState::Missing => badge(Tone::Bad, "Missing"),
        VolumeState::Unknown { .. } => badge(Tone::Warning, "Unknown"),
    }
}

/// Why it is not, if it is not.
pub fn volume_cause(state: VolumeState) -> Option<String> {
    Some(match state {
        VolumeState::Ready => return None,
        VolumeState::Waiting => {
            "Its runner has not made it yet, or what is copied into it is not all there.".to_owned()
        }
        VolumeState::Missing => {
            "Its runner had it and has it no more. An empty one is not made in its place.".to_owned()
        }
        VolumeState::Unknown { since } => format!(
            "Its runner, or Docker there, has been away since {}: what is in it is out of reach until that is back.",
            exact(since)
        ),
    })
}

#[cfg(test)]
mod tests {
    use patr_models::time::Millis;

    use super::*;

    fn failed(kind: FailureKind, serving: Option<u32>) -> Status {
        Status::Failed {
            failure: Failure { kind, message: "no such tag".to_owned(), logs: Vec::new() },
            serving,
        }
    }

    #[test]
    fn a_failure_says_why_what_still_serves_and_what_to_do() {
        let status = failed(FailureKind::ImageNotFound, Some(3));
        assert_eq!(of_deployment(&status).tone, Tone::Bad);
        assert_eq!(cause(&status), "The image was not found: no such tag");
        assert!(still_serving(&status).unwrap().contains("Release 3 still serves"));
        assert!(advice(failure(&status).unwrap().kind).unwrap().contains("name and tag"));
        assert_eq!(still_serving(&failed(FailureKind::Exited, None)).as_deref(), Some("No release serves."));
    }

    #[test]
    fn the_words_of_the_agent_become_a_sentence() {
        assert_eq!(cause(&failed(FailureKind::Exited, None)), "No such tag");
        assert_eq!(capital(""), "");
    }

    #[test]
    fn what_is_not_known_is_never_shown_as_good() {
        let unknown = Status::Unknown { since: Millis(1_764_000_000_000) };
        assert_eq!(of_deployment(&unknown), badge(Tone::Warning, "Unknown"));
        assert!(cause(&unknown).contains("2025-11-24 16:00:00 UTC"));
        assert_eq!(still_serving(&unknown), None);
    }

    #[test]
    fn a_volume_that_cannot_be_reached_says_why() {
        let unknown = VolumeState::Unknown { since: Millis(1_764_000_000_000) };
        assert_eq!(of_volume(unknown), badge(Tone::Warning, "Unknown"));
        assert!(volume_cause(unknown).unwrap().contains("2025-11-24 16:00:00 UTC"));
        assert_eq!(of_volume(VolumeState::Missing).tone, Tone::Bad);
        assert_eq!(volume_cause(VolumeState::Ready), None);
    }

    #[test]
    fn a_runner_that_is_there_and_cannot_work_is_in_trouble() {
        let online =
            Connection::Online { since: Millis(1), agent: String::new(), host: None, clock_skew_ms: 0 };
        assert_eq!(of_runner(&online, false).tone, Tone::Good);
        assert_eq!(of_runner(&online, true).tone, Tone::Warning);
        assert_eq!(of_runner(&Connection::Offline { since: Millis(1) }, true).tone, Tone::Bad);
    }
}
