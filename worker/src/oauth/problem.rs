//! What is answered when something is wrong (RFC 6749, 5.2).

use std::borrow::Cow;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use patr_models::{error::Common, ids::RequestId};

use crate::answer::{Fault, Refused};

/// Something that the caller can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: String,
    header: Option<(header::HeaderName, Cow<'static, str>)>,
}

/// Why a request ends early.
#[derive(Debug)]
pub(super) enum Stop {
    Problem(Problem),
    Fault(Fault),
}

impl Problem {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description: description.into(), header: None }
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// Whoever asks is not who it says, or does not say it.
    pub(super) fn invalid_client() -> Self {
        let header = Some((header::WWW_AUTHENTICATE, "Basic realm=\"patr\", charset=\"UTF-8\"".into()));
        let description = "there is no such client, or this is not its secret";
        Self { status: StatusCode::UNAUTHORIZED, header, ..Self::new("invalid_client", description) }
    }

    pub(super) fn wrong_method(allowed: &'static str) -> Self {
        let header = Some((header::ALLOW, allowed.into()));
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            header,
            ..Self::invalid_request(format!("only {allowed} is possible here"))
        }
    }

    pub(super) fn too_often(seconds: u64) -> Self {
        let header = Some((header::RETRY_AFTER, seconds.to_string().into()));
        let description = format!("too many tokens: ask again in {seconds} seconds");
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            header,
            ..Self::new("temporarily_unavailable", description)
        }
    }

    pub(super) fn server_error(id: RequestId) -> Self {
        let description = format!("something went wrong on our side; look for {id} in the log");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("server_error", description) }
    }

    pub(super) fn respond(&self) -> Response<Bytes> {
        // These characters alone (RFC 6749, 5.2).
        let allowed = |letter: char| matches!(letter, ' '..='~') && letter != '"' && letter != '\\';
        let description: String =
            self.description.chars().map(|letter| if allowed(letter) { letter } else { '\'' }).collect();
        let body = serde_json::json!({ "error": self.error, "error_description": description });
        let mut response = super::json(self.status, &body).unwrap_or_default();
        if let Some((name, value)) = &self.header
            && let Ok(value) = value.parse()
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Common(Common::TooManyRequests { seconds }) => Problem::too_often(seconds).into(),
            Refused::Common(common) => Fault::new(format_args!("a form is refused: {common:?}")).into(),
            Refused::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl<F: Into<Fault>> From<F> for Stop {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}
