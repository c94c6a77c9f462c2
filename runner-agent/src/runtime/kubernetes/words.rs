//! What a cluster says, as reasons.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStateWaiting};
use kube::Error;
use patr_models::deployment::{Failure, FailureKind};

use crate::runtime::{Fault, Unavailable, exit, failure};

/// Why a container has ended.
pub(super) fn ended(state: &ContainerStateTerminated) -> Failure {
    match state.reason.as_deref() {
        Some("OOMKilled") => exit::out_of_memory(),
        // Its process never was.
        Some("StartError" | "ContainerCannotRun") => {
            let why = state.message.as_deref().unwrap_or("the node does not say why");
            failure(FailureKind::Runtime, format!("its container cannot be started: {why}"))
        }
        _ => exit::with_code(state.exit_code.into()),
    }
}

/// What a container that does not run waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Waiting {
    /// Something that comes by itself.
    For(Failure),
    /// Something that somebody has to change.
    Stuck(Failure),
    /// To be started again; why it ended is told elsewhere.
    Again,
}

pub(super) fn waiting(image: &str, state: &ContainerStateWaiting) -> Waiting {
    let reason = state.reason.as_deref().unwrap_or_default();
    let said = state.message.as_deref().filter(|message| !message.is_empty()).unwrap_or(reason);
    match reason {
        "CrashLoopBackOff" => Waiting::Again,
        // The first try may have met a registry in a bad moment; the kubelet tries again.
        "ErrImagePull" | "RegistryUnavailable" => Waiting::For(pull_failure(image, said)),
        "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "ImageInspectError"
        | "SignatureValidationFailed" => Waiting::Stuck(pull_failure(image, said)),
        "CreateContainerConfigError" if said.contains("runAsNonRoot") => {
            let message = "its image runs as root, and this runner lets nothing run as root: give a `--user` that is a \
                           number, or run its agent with `--pod-security baseline`";
            Waiting::Stuck(failure(FailureKind::Runtime, message))
        }
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError" => {
            Waiting::Stuck(failure(FailureKind::Runtime, format!("its container cannot be started: {said}")))
        }
        _ => Waiting::For(failure(FailureKind::Runtime, "its container is being made")),
    }
}

/// Why an image cannot be had.
pub(super) fn pull_failure(image: &str, words: &str) -> Failure {
    let lower = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|text| lower.contains(text));
    if says(&["unauthorized", "denied", "authentication required", "no basic auth", "403 forbidden"]) {
        let message = format!(
            "pull denied for `{image}`: {words}. Put credentials into the Secret `patr-registry` of the runner's \
             namespace (docs/kubernetes.md)"
        );
        return failure(FailureKind::PullDenied, message);
    }
    if says(&["manifest unknown", "not found", "name unknown", "no such image", "invalidimagename"]) {
        return failure(FailureKind::ImageNotFound, format!("image not found: `{image}`: {words}"));
    }
    let kind = if is_full(&lower) { FailureKind::DiskFull } else { FailureKind::PullFailed };
    failure(kind, format!("pulling `{image}`: {words}"))
}

fn is_full(words: &str) -> bool {
    words.contains("no space left on device")
}

/// No node may take the pod.
pub(super) fn unschedulable(said: &str) -> Failure {
    failure(FailureKind::Runtime, format!("no node has a place for it: {said}"))
}

/// What takes room now may be about to go.
pub(super) fn is_over_quota(said: &str) -> bool {
    said.contains("exceeded quota")
}

/// No pod may be made.
pub(super) fn not_admitted(said: &str) -> Failure {
    let what = if is_over_quota(said) {
        "the quota of its namespace is used up"
    } else if said.contains("violates PodSecurity") {
        "its namespace does not allow it"
    } else {
        "its pod cannot be made"
    };
    failure(FailureKind::Runtime, format!("{what}: {said}"))
}

/// An error with all its causes.
pub(super) fn chain(error: &Error) -> String {
    if let Error::Api(status) = error {
        return if status.message.is_empty() { status.reason.clone() } else { status.message.clone() };
    }
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
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
    matches!(error, Error::Api(status) if status.code == 404)
}

/// What a verb failed of. A server that is overloaded or starting has not answered what it was asked.
pub(super) fn refused(doing: &str, error: &Error) -> Fault {
    let words = format!("{doing}: {}", chain(error));
    match error {
        Error::Api(status) if status.code < 500 && status.code != 429 => {
            failure(FailureKind::Runtime, words).into()
        }
        _ => Fault::Away(Unavailable(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(reason: &str, message: &str) -> Waiting {
        let state =
            ContainerStateWaiting { reason: Some(reason.to_owned()), message: Some(message.to_owned()) };
        waiting("web:1", &state)
    }

    fn stuck(reason: &str, message: &str) -> Failure {
        match waits(reason, message) {
            Waiting::Stuck(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn images_that_cannot_be_had_are_told_apart() {
        let kind = |message| stuck("ImagePullBackOff", message).kind;
        let missing = "Back-off pulling image \"web:1\": ErrImagePull: rpc error: code = NotFound desc = failed to \
                       resolve reference \"docker.io/library/web:1\": docker.io/library/web:1: not found";
        assert_eq!(kind(missing), FailureKind::ImageNotFound);
        let denied =
            "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized";
        assert_eq!(kind(denied), FailureKind::PullDenied);
        assert_eq!(kind("dial tcp 127.0.0.1:9: connect: connection refused"), FailureKind::PullFailed);
        assert_eq!(kind("write /var/lib/containerd/x: no space left on device"), FailureKind::DiskFull);
        assert_eq!(stuck("InvalidImageName", "").kind, FailureKind::ImageNotFound);
    }

    #[test]
    fn a_first_try_that_failed_is_waited_for_and_what_nobody_changes_is_not() {
        assert!(matches!(waits("ErrImagePull", "timeout"), Waiting::For(_)));
        assert!(matches!(waits("ContainerCreating", ""), Waiting::For(_)));
        assert_eq!(waits("CrashLoopBackOff", "back-off 10s"), Waiting::Again);
        let root =
            stuck("CreateContainerConfigError", "container has runAsNonRoot and image will run as root");
        assert!(root.message.contains("--user"), "{}", root.message);
        let missing = stuck("CreateContainerError", "exec: \"serve\": executable file not found in $PATH");
        assert!(missing.message.ends_with("found in $PATH"), "{}", missing.message);
    }

    #[test]
    fn a_server_that_is_overloaded_is_away_and_one_that_refuses_is_not() {
        let api = |code: u16| {
            let status = kube::core::Status { code, message: "no".to_owned(), ..Default::default() };
            refused("making it", &Error::Api(Box::new(status)))
        };
        assert_eq!(api(403), failure(FailureKind::Runtime, "making it: no").into());
        assert!(matches!(api(429), Fault::Away(_)) && matches!(api(503), Fault::Away(_)));
    }
}
