//! How a command ends when it does not end well.

use std::fmt::Display;

use patr_models::{error::ErrorBody, ids::RequestId};

use crate::{client::CallError, exit_code::Exit};

/// Why a command stopped early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something expected went wrong: a sentence, an exit status and perhaps a next step.
    Failed(Failure),
    /// Whoever read our output has left, as `head` does. That is not an error.
    OutputClosed,
}

/// An expected failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// The request that failed, to quote when asking for help.
    pub(crate) request: Option<RequestId>,
}

/// What a command returns.
pub(crate) type Outcome<T = Exit> = Result<T, Stop>;

impl Failure {
    /// A failure with a sentence in lower case, without a full stop.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, request: None }
    }

    /// Something that was tried and did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Something that the person typed, or a file that they gave.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The next step.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn from_api(body: ErrorBody, status: u16) -> Self {
        let exit = exit_of(&body.code, status);
        Self { exit, message: body.message, hint: body.hint, request: body.id.filter(|_| status >= 500) }
    }
}

/// What is named in a body answers 422 with a code of its own, but is as absent as what is named in a path.
fn exit_of(code: &str, status: u16) -> Exit {
    match (status, code) {
        (401 | 403, _) => Exit::Auth,
        (404, _) | (_, "runner_not_found" | "target_not_found" | "no_such_release" | "no_such_version") => {
            Exit::NotFound
        }
        _ => Exit::Failed,
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Api { status, body, .. } => Self::from_api(*body, status.as_u16()),
            CallError::NotLoggedIn { url } => Self::new(Exit::Auth, format!("not logged in at {url}"))
                .hint("run `patr login`, or set PATR_TOKEN to an API token"),
            CallError::Unexpected { url, status, problem, .. } => {
                Self::failed(format!("{url} answered oddly: unexpected answer ({status}): {problem}"))
                    .hint("is this the address of a Patr installation? `--url` chooses another")
            }
            CallError::Unreachable { url, problem } => Self::failed(format!("cannot reach {url}: {problem}"))
                .hint("check the address and the network; `--url` chooses another installation"),
            CallError::TimedOut { url } => Self::failed(format!("{url} did not answer in time"))
                .hint("what was asked for may have happened: look before you repeat it"),
            CallError::Request(problem) => Self::usage(problem),
        }
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self::Failed(error.into())
    }
}

/// Says what was being done when `error` happened.
pub(crate) fn doing(what: impl Display, error: impl Display) -> Failure {
    Failure::failed(format!("cannot {what}: {error}"))
}
