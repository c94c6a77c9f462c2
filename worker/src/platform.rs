//! Between the platform's types and ours.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, request::Parts};
use js_sys::{Reflect, Uint8Array};
use patr_models::error::Common;
use worker::{Headers, Method, Request, RequestInit, Response, Result, web_sys};

use crate::answer::Refused;

/// A line of the script's log.
pub(crate) fn log(line: fmt::Arguments<'_>) {
    #[cfg(target_arch = "wasm32")]
    worker::console_error!("{line}");
    #[cfg(not(target_arch = "wasm32"))]
    {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    #[cfg(test)]
    LOG.with_borrow_mut(|log| log.push(line.to_string()));
}

#[cfg(test)]
thread_local! {
    /// What this test has logged.
    pub(crate) static LOG: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Something whose body is read at most once, and only when it is asked for.
pub(crate) trait Body {
    /// The body, unless it is longer than `limit` bytes.
    async fn read(&mut self, limit: usize) -> std::result::Result<Bytes, Refused>;
}

impl Body for Request {
    async fn read(&mut self, limit: usize) -> std::result::Result<Bytes, Refused> {
        body(self, limit).await
    }
}

/// A text that the platform knows of a request's client.
pub(crate) fn cf(request: &web_sys::Request, name: &str) -> Option<String> {
    let cf = Reflect::get(request, &"cf".into()).ok()?;
    Reflect::get(&cf, &name.into()).ok()?.as_string()
}

/// What codings a request's client takes. The platform's own header says what the platform takes.
pub(crate) fn accept_encoding(request: &web_sys::Request) -> Option<String> {
    cf(request, "clientAcceptEncoding").or_else(|| request.headers().get("accept-encoding").ok().flatten())
}

/// Method, path, query and headers of a request.
pub(crate) fn parts(request: &Request) -> Result<Parts> {
    let url = request.url()?;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let (mut parts, ()) = http::Request::new(()).into_parts();
    // Not the enum of the crate `worker`: it knows eleven methods, and takes every other one for GET.
    parts.method = request.inner().method().parse().map_err(|_| "the method cannot be read")?;
    parts.uri = target.parse::<Uri>().map_err(|error| error.to_string())?;
    parts.headers = headers(request.headers());
    Ok(parts)
}

/// Whether a request is to become a WebSocket (RFC 6455, 4.1).
pub(crate) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers
        .get(http::header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn headers(from: &Headers) -> HeaderMap {
    from.entries()
        .filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(&value).ok()?))
        })
        .collect()
}

/// The body of a request, unless it is longer than `limit`: then reading stops there.
async fn body(request: &mut Request, limit: usize) -> std::result::Result<Bytes, Refused> {
    let declared = request.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Common::TooLarge { limit }.into());
    }
    if request.inner().body().is_none() || request.inner().body_used() {
        return Ok(Bytes::new());
    }
    let mut stream = request.stream()?;
    let mut bytes = BytesMut::with_capacity(declared.unwrap_or_default());
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > limit {
            return Err(Common::TooLarge { limit }.into());
        }
    }
    Ok(bytes.freeze())
}

/// Our response as the platform's.
pub(crate) fn response(response: http::Response<Bytes>) -> Result<Response> {
    let (parts, body) = response.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        headers.append(
            name.as_str(),
            &value.as_bytes().iter().map(|&byte| char::from(byte)).collect::<String>(),
        )?;
    }
    let response = if body.is_empty() { Response::empty()? } else { Response::from_bytes(body.into())? };
    Ok(response.with_status(parts.status.as_u16()).with_headers(headers))
}

/// Our request as the platform's.
pub(crate) fn request(request: http::Request<Bytes>) -> Result<Request> {
    let (parts, body) = request.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        headers.set(name.as_str(), value.to_str().map_err(|error| error.to_string())?)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(parts.method.as_str().to_owned())).with_headers(headers);
    if !body.is_empty() {
        init.with_body(Some(Uint8Array::from(body.as_ref()).into()));
    }
    Request::new_with_init(&parts.uri.to_string(), &init)
}

/// The platform's response as ours, whole.
pub(crate) async fn whole(mut from: Response) -> Result<http::Response<Bytes>> {
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = from.status_code().try_into().map_err(|_| "no status")?;
    *response.headers_mut() = headers(from.headers());
    *response.body_mut() = from.bytes().await?.into();
    Ok(response)
}
