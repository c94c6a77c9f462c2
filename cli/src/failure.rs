//! How a command ends when it does not end well.

use std::{fmt::Display, time::Duration};

use http::StatusCode;
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

    fn from_api(body: ErrorBody, status: StatusCode, retry_after: Option<Duration>) -> Self {
        let exit = exit_of(&body.code, status.as_u16());
        let hint = hint_for_people(&body.code).or(body.hint).or_else(|| retry_after.map(again_in));
        let said = |id: &RequestId| hint.as_ref().is_some_and(|hint| hint.contains(&id.to_string()));
        let request = body.id.filter(|id| status.is_server_error() && !said(id));
        Self { exit, message: body.message, hint, request }
    }

    /// The first line says enough: what answers in place of an installation is mostly a whole page.
    fn from_elsewhere(url: &str, status: StatusCode, problem: &str, retry_after: Option<Duration>) -> Self {
        let problem = problem.lines().next().unwrap_or_default().trim_end_matches([':', ' ']);
        let hint = match retry_after {
            Some(time) => again_in(time),
            None if status.is_server_error() => {
                "something between here and the installation answers; try again later".to_owned()
            }
            None => "is this the address of a Patr installation? `--url` chooses another".to_owned(),
        };
        Self::failed(format!("{url} answered {status}: {problem}")).hint(hint)
    }
}

/// The API's hints speak of headers where a program calls it.
fn hint_for_people(code: &str) -> Option<String> {
    let hint = match code {
        "unauthenticated" => {
            "it has expired or was revoked: run `patr login`; PATR_TOKEN, if it is set, wins over a login"
        }
        "stale" => "look at it again, then repeat the command",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn again_in(time: Duration) -> String {
    format!("try again in {}", humantime::format_duration(time))
}

/// What is named in a body answers 422 with a code of its own, but is as absent as what is named in a path.
fn exit_of(code: &str, status: u16) -> Exit {
    match (status, code) {
        (401 | 403, _) => Exit::Auth,
        (404, _)
        | (
            _,
            "runner_not_found" | "role_not_found" | "target_not_found" | "secret_not_found"
            | "no_such_release" | "no_such_snapshot" | "no_such_version",
        ) => Exit::NotFound,
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
            CallError::Api { status, body, retry_after } => Self::from_api(*body, status, retry_after),
            CallError::NotLoggedIn { url } => Self::new(Exit::Auth, format!("not logged in at {url}"))
                .hint("run `patr login`, or set PATR_TOKEN to an API token"),
            CallError::Unexpected { url, status, problem, retry_after } => {
                Self::from_elsewhere(&url, status, &problem, retry_after)
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
