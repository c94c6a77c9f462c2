//! What the Engine says, as reasons. It says most of it in words only.

use std::error::Error as _;

use bollard::{errors::Error, models::ContainerInspectResponse};
use patr_models::deployment::{Digest, Failure, FailureKind, ImageRef};

use super::{Fault, Unavailable, failure};
use crate::runtime::exit;

/// Podman leaves out the kind of a hash.
pub(super) fn digest(id: &str) -> Option<Digest> {
    id.parse().or_else(|_| format!("sha256:{id}").parse()).ok()
}

/// An error with all its causes: the outermost alone often says nothing.
pub(super) fn chain(error: &Error) -> String {
    let mut words = match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    words
}

pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

/// Whether the Engine itself has answered; else nobody knows whether it did what it was asked.
pub(super) fn is_answer(error: &Error) -> bool {
    matches!(
        error,
        Error::DockerResponseServerError { .. }
            | Error::DockerStreamError { .. }
            | Error::JsonDataError { .. }
            | Error::JsonSerdeError { .. }
    )
}

pub(super) fn refused(doing: &str, error: &Error) -> Fault {
    if is_answer(error) {
        let words = chain(error);
        let kind = if is_full(&words) { FailureKind::DiskFull } else { FailureKind::Runtime };
        failure(kind, format!("{doing}: {words}")).into()
    } else {
        Fault::Away(Unavailable(format!("{doing}: {}", chain(error))))
    }
}

/// As [`refused`], of a verb that takes nothing but a container: what is missing is that.
pub(super) fn refused_of(doing: &str, error: &Error) -> Fault {
    if is_missing(error) { Fault::Gone(format!("{doing}: {}", chain(error))) } else { refused(doing, error) }
}

/// What the kernel says when there is no room (ENOSPC), as the Engine passes it on.
fn is_full(words: &str) -> bool {
    words.contains("no space left on device")
}

pub(super) fn pull_fault(image: &ImageRef, error: &Error) -> Fault {
    // An Engine that is silent here waits for a registry that is.
    if is_answer(error) || matches!(error, Error::RequestTimeoutError) {
        pull_failure(image, &chain(error)).into()
    } else {
        Fault::Away(Unavailable(format!("pulling `{image}`: {}", chain(error))))
    }
}

fn pull_failure(image: &ImageRef, words: &str) -> Failure {
    let lower = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|text| lower.contains(text));
    if says(&["unauthorized", "denied", "authentication required", "no basic auth"]) {
        let message = format!(
            "pull denied for `{image}`: {words}. On the runner's machine, `docker login` as the user of the agent"
        );
        return failure(FailureKind::PullDenied, message);
    }
    if says(&["manifest unknown", "not found", "name unknown", "no such image"]) {
        return failure(FailureKind::ImageNotFound, format!("image not found: `{image}`: {words}"));
    }
    let kind = if is_full(words) { FailureKind::DiskFull } else { FailureKind::PullFailed };
    failure(kind, format!("pulling `{image}`: {words}"))
}

/// Why a container does not run.
pub(super) fn exited(found: &ContainerInspectResponse) -> Failure {
    let state = found.state.as_ref();
    let code = state.and_then(|state| state.exit_code).unwrap_or_default();
    if state.and_then(|state| state.oom_killed).unwrap_or_default() {
        return exit::out_of_memory();
    }
    exit::with_code(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(words: &str) -> FailureKind {
        let error = Error::DockerStreamError { error: words.to_owned() };
        match pull_fault(&"web:1".parse().unwrap(), &error) {
            Fault::Failed(failure) => failure.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_the_engine_says_becomes_a_kind() {
        assert_eq!(kind("manifest for web:1 not found: manifest unknown"), FailureKind::ImageNotFound);
        assert_eq!(kind("pull access denied for web, repository does not exist"), FailureKind::PullDenied);
        assert_eq!(kind("Head https://…: unauthorized: authentication required"), FailureKind::PullDenied);
        assert_eq!(kind("dial tcp 127.0.0.1:9: connect: connection refused"), FailureKind::PullFailed);
        assert_eq!(kind("write /var/lib/docker/tmp/x: no space left on device"), FailureKind::DiskFull);
    }

    #[test]
    fn an_engine_that_does_not_answer_is_away_and_says_why() {
        let refused_by_kernel = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = Error::IOError { err: refused_by_kernel };
        let fault = refused("starting its container", &error);
        assert!(matches!(&fault, Fault::Away(Unavailable(why)) if why.contains("refused")), "{fault:?}");
    }

    #[test]
    fn an_image_of_podman_has_a_digest_too() {
        let hex = "a".repeat(64);
        assert_eq!(digest(&hex), digest(&format!("sha256:{hex}")));
        assert_eq!(digest("nothing"), None);
    }
}
