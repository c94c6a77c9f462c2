//! A call into an [`http::Request`], and a response back.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};

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
    let wrong = |error: &dyn std::fmt::Display| RequestError(error.to_string());
    let query = serde_html_form::to_string(&call.query).map_err(|error| wrong(&error))?;
    let separator = if query.is_empty() { "" } else { "?" };
    let uri = format!("{base}{}{separator}{query}", E::PATH.fill(&call.path.values()));
    let mut request = Request::builder()
        .method(E::METHOD)
        .uri(uri)
        .body(call.body.encode())
        .map_err(|error| wrong(&error))?;
    call.headers.write(request.headers_mut());
    if let Some(media) = E::Request::MEDIA {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    }
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|error| wrong(&error))?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

/// Reads the answer to a call of `E`.
pub fn from_http<E: ApiEndpoint>(response: Response<Bytes>) -> Result<Reply<E>, ResponseError> {
    let (head, body) = response.into_parts();
    let unexpected = |problem: String| ResponseError::Unexpected { status: head.status, problem };
    if !head.status.is_success() {
        return Err(failure(head.status, &body));
    }
    let headers = E::ResponseHeaders::read(&head.headers)
        .map_err(|error| unexpected(format!("header `{}` {}", error.name, error.problem)))?;
    let body = E::Response::decode(body).map_err(|error| unexpected(error.to_string()))?;
    Ok(Reply { headers, body })
}

/// Reads an answer that is no success.
pub fn failure(status: StatusCode, body: &[u8]) -> ResponseError {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => ResponseError::Api { status, body },
        Err(_) => {
            let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
            ResponseError::Unexpected { status, problem: format!("not an error of this API: {start}") }
        }
    }
}
