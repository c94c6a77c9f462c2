//! A call into an [`http::Request`], and a response back.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use super::{
    ApiEndpoint, Call, Reply,
    body::{RequestBody, ResponseBody},
    headers::Headers,
    path::PathParams,
};
use crate::error::ErrorBody;

/// Why a call could not be put into a request.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be written: {0}")]
pub struct RequestError(String);

/// Why a response is not an answer.
#[derive(Debug, thiserror::Error)]
pub enum ResponseError {
    /// The server says what is wrong.
    #[error("{}", .body.message)]
    Api { status: StatusCode, body: ErrorBody },
    /// The answer is not from this API, or from another version of it.
    #[error("unexpected answer ({status}): {problem}")]
    Unexpected { status: StatusCode, problem: String },
}

impl ResponseError {
    /// Whether the server answered with this code.
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Api { body, .. } if body.code == code)
    }
}

/// Writes `call` for the server at `base` (scheme and authority, no trailing slash), as `token` if there is one.
pub fn into_http<E: ApiEndpoint>(
    call: &Call<E>,
    base: &str,
    token: Option<&str>,
) -> Result<Request<Bytes>, RequestError> {
    let query = serde_html_form::to_string(&call.query).map_err(wrong)?;
    let path = E::PATH.fill(&call.path.values());
    let mut request = request(E::METHOD, [base, &path, &query], token)?;
    call.headers.write(request.headers_mut());
    if let Some(media) = E::Request::MEDIA {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    }
    *request.body_mut() = call.body.encode();
    Ok(request)
}

/// What is the same for all endpoints, so that a program that is loaded before it runs has it once.
fn request(
    method: Method,
    [base, path, query]: [&str; 3],
    token: Option<&str>,
) -> Result<Request<Bytes>, RequestError> {
    let separator = if query.is_empty() { "" } else { "?" };
    let uri = format!("{base}{path}{separator}{query}");
    let mut request = Request::builder().method(method).uri(uri).body(Bytes::new()).map_err(wrong)?;
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(wrong)?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

fn wrong(error: impl std::fmt::Display) -> RequestError {
    RequestError(error.to_string())
}

/// Reads the answer to a call of `E`.
pub fn from_http<E: ApiEndpoint>(response: Response<Bytes>) -> Result<Reply<E>, ResponseError> {
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        return Err(failure(head.status, &body));
    }
    let headers = E::ResponseHeaders::read(&head.headers).map_err(|error| {
        unexpected(head.status, format_args!("header `{}` {}", error.name, error.problem))
    })?;
    let body = E::Response::decode(body).map_err(|error| unexpected(head.status, error))?;
    Ok(Reply { headers, body })
}

fn unexpected(status: StatusCode, problem: impl std::fmt::Display) -> ResponseError {
    ResponseError::Unexpected { status, problem: problem.to_string() }
}

/// Reads an answer that is no success.
pub fn failure(status: StatusCode, body: &[u8]) -> ResponseError {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => ResponseError::Api { status, body },
        Err(_) => {
            let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
            unexpected(status, format_args!("not an error of this API: {start}"))
        }
    }
}
