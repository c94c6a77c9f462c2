//! The API as functions: a typed call goes out, a typed reply or an error comes back.

mod body;
mod call;
mod other;
mod socket;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use patr_models::{
    auth::{Auth, AuthKind},
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::RequestBody,
        client::{ResponseError, failure, from_http, into_http},
    },
    error::ErrorBody,
};

pub(crate) use body::Body;
pub(crate) use call::{changing, creating, list, new_key, plain, with_body};
pub(crate) use socket::{PING_EVERY, SILENCE};

use crate::base_url::BaseUrl;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take. Long polls are answered within 20 seconds.
const ANSWER: Duration = Duration::from_secs(60);
/// How long an answer to an upload may take: one chunk at 0.2 Mbit/s.
const ANSWER_TO_UPLOAD: Duration = Duration::from_secs(180);

/// How long an answer may take for which a runner copies a volume.
pub(crate) const LONG_ANSWER: Duration = Duration::from_secs(4 * 60 * 60);

/// Why a call has no reply.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The server says what is wrong.
    Api {
        status: StatusCode,
        body: Box<ErrorBody>,
        retry_after: Option<Duration>,
    },
    /// The call needs a token and there is none.
    NotLoggedIn {
        url: String,
    },
    /// The answer is not from this API: something in between answers, or another version.
    Unexpected {
        url: String,
        status: StatusCode,
        problem: String,
        retry_after: Option<Duration>,
    },
    /// No answer came.
    Unreachable {
        url: String,
        problem: String,
    },
    TimedOut {
        url: String,
    },
    /// The call could not be written.
    Request(String),
}

impl CallError {
    /// Whether the server answered with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Api { body, .. } if body.code == code)
    }

    /// Whether the same call may work a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Api { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Unexpected { .. } => true,
            Self::NotLoggedIn { .. } | Self::Request(_) => false,
        }
    }

    /// How long the server wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } | Self::Unexpected { retry_after, .. } => *retry_after,
            Self::NotLoggedIn { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Request(_) => None,
        }
    }
}

/// A connection to one installation, as one person or as nobody.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: BaseUrl,
    token: Option<String>,
}

impl Client {
    /// A client that has not connected yet.
    pub(crate) fn new(base: BaseUrl, token: Option<String>) -> Result<Self, CallError> {
        // Fails only when a provider is installed already, which is then as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("patr/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // A redirect would carry the token to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| CallError::Request(chain(&error)))?;
        Ok(Self { http, base, token })
    }

    /// The same installation as somebody else.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The installation's address.
    pub(crate) fn base(&self) -> &str {
        self.base.as_str()
    }

    /// Performs a call. One that can be repeated without harm is repeated once when no answer came.
    pub(crate) async fn call<E: ApiEndpoint>(&self, call: Call<E>) -> Result<Reply<E>, CallError> {
        let uploads = E::Request::MEDIA == Some("application/octet-stream");
        self.call_within(call, if uploads { ANSWER_TO_UPLOAD } else { ANSWER }).await
    }

    /// As [`Self::call`], for an answer that may take so long.
    pub(crate) async fn call_within<E: ApiEndpoint>(
        &self,
        call: Call<E>,
        limit: Duration,
    ) -> Result<Reply<E>, CallError> {
        let request = self.request(&call)?;
        let response = match self.exchange(request.clone(), limit).await {
            Err(CallError::Unreachable { .. }) if is_repeatable(&request) => {
                self.exchange(request, limit).await?
            }
            first => first?,
        };
        let retry_after = retry_after(response.headers());
        from_http::<E>(response).map_err(|error| self.refused(error, retry_after))
    }

    /// Performs a call whose answer goes on while it is read.
    pub(crate) async fn stream<E: ApiEndpoint>(&self, call: Call<E>) -> Result<Body, CallError> {
        let request = self.request(&call)?.try_into().map_err(|error| self.lost(&error))?;
        let response = self.http.execute(request).await.map_err(|error| self.lost(&error))?;
        if response.status().is_success() {
            return Ok(Body::new(response));
        }
        Err(self.failed(response).await)
    }

    /// The error that an answer is.
    async fn failed(&self, response: reqwest::Response) -> CallError {
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        match response.bytes().await {
            Ok(body) => self.refused(failure(status, &body), retry_after),
            Err(error) => self.lost(&error),
        }
    }

    fn request<E: ApiEndpoint>(&self, call: &Call<E>) -> Result<Request<Bytes>, CallError> {
        let needed = !matches!(E::Auth::KIND, AuthKind::NoAuth);
        if needed && self.token.is_none() {
            return Err(CallError::NotLoggedIn { url: self.base.as_str().to_owned() });
        }
        let token = self.token.as_deref().filter(|_| needed);
        into_http(call, self.base.as_str(), token).map_err(|error| CallError::Request(error.to_string()))
    }

    async fn exchange(&self, request: Request<Bytes>, limit: Duration) -> Result<Response<Bytes>, CallError> {
        let mut request: reqwest::Request = request.try_into().map_err(|error| self.lost(&error))?;
        *request.timeout_mut() = Some(limit);
        let answer = self.http.execute(request).await.map_err(|error| self.lost(&error))?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes().await.map_err(|error| self.lost(&error))?;
        Ok(response)
    }

    fn lost(&self, error: &reqwest::Error) -> CallError {
        let url = self.base.as_str().to_owned();
        if error.is_timeout() && !error.is_connect() {
            CallError::TimedOut { url }
        } else {
            CallError::Unreachable { url, problem: chain(error) }
        }
    }

    fn refused(&self, error: ResponseError, retry_after: Option<Duration>) -> CallError {
        match error {
            ResponseError::Api { status, body } => {
                CallError::Api { status, body: Box::new(body), retry_after }
            }
            ResponseError::Unexpected { status, problem } => {
                CallError::Unexpected { url: self.base.as_str().to_owned(), status, problem, retry_after }
            }
        }
    }
}

/// Seconds (RFC 9110, 10.2.3); the other form, a date, would need the server's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The innermost cause: what `reqwest` puts around it repeats the address.
fn chain(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn is_repeatable(request: &Request<Bytes>) -> bool {
    request.method() == http::Method::GET || request.headers().contains_key("idempotency-key")
}
