//! A proxy target, and what every request on its way to an application gets and loses.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use patr_models::{ids::RequestId, internal::TunnelTrouble};
use worker::{AbortController, Delay, Fetch, Headers, Request, Response, web_sys};

use super::{
    address::Address,
    pages::{Page, identify, page},
    upload::Upload,
    via::Via,
};
use crate::{answer::Fault, ctx::Ctx, platform};

/// Headers about one connection, not about the message (RFC 9110, 7.6.1), and those that only Patr may set.
const HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a request asks for a WebSocket (RFC 6455, 4.1). Any other upgrade may be passed over (RFC 9110, 7.8).
pub(crate) fn wants_websocket(method: &str, headers: &Headers) -> Result<bool, Fault> {
    let upgrade = headers.get("upgrade")?.unwrap_or_default();
    Ok(method == "GET" && upgrade.eq_ignore_ascii_case("websocket"))
}

/// Adds what asks for a WebSocket to the headers that go onward. Extensions are between the ends of one connection,
/// and ours carries messages as they are.
pub(crate) fn ask_for_websocket(headers: &mut Vec<(String, String)>) {
    headers.retain(|(name, _)| name != "sec-websocket-extensions");
    headers.push(("upgrade".to_owned(), "websocket".to_owned()));
}

/// Where a request comes from. On this machine the local edge says it; whoever asks it may claim another.
pub(super) fn client(from: &Headers) -> Result<String, Fault> {
    Ok(from.get("cf-connecting-ip")?.unwrap_or_else(|| "127.0.0.1".to_owned()))
}

/// Puts back which encodings the client takes: the platform asks for its own in their place, and says in `cf` what the
/// client wrote. An answer that is encoded passes as it is, so its client must be able to read it.
pub(crate) fn ask_for_encodings(headers: &mut Vec<(String, String)>, clients: Option<String>) {
    let Some(clients) = clients else { return };
    headers.retain(|(name, _)| name != "accept-encoding");
    if !clients.is_empty() {
        headers.push(("accept-encoding".to_owned(), clients));
    }
}

/// The bytes of a field's value, one character each, as the tunnel has them. The platform reads them as UTF-8.
pub(crate) fn octets(value: String) -> String {
    if value.is_ascii() { value } else { value.bytes().map(char::from).collect() }
}

/// The headers of a request as the application gets them.
pub(crate) fn onward(
    from: &Headers,
    address: &Address,
    request: RequestId,
) -> Result<Vec<(String, String)>, Fault> {
    let named = from.get("connection")?.unwrap_or_default().to_ascii_lowercase();
    let named: Vec<&str> = named.split(',').map(str::trim).collect();
    let ours = |name: &str| {
        name.starts_with("patr-")
            || name.starts_with("x-forwarded-")
            || name.starts_with("cf-")
            || name == "forwarded"
    };
    let mut headers: Vec<(String, String)> = from
        .entries()
        .filter(|(name, _)| !HOP.contains(&name.as_str()) && !named.contains(&name.as_str()) && !ours(name))
        .collect();
    let (scheme, host) = (address.scheme(), address.authority().to_owned());
    let client = client(from)?;
    let node = if client.contains(':') { format!("\"[{client}]\"") } else { client.clone() };
    headers.push(("forwarded".to_owned(), format!("for={node};host=\"{host}\";proto={scheme}")));
    headers.push(("x-forwarded-for".to_owned(), client));
    headers.push(("x-forwarded-proto".to_owned(), scheme.to_owned()));
    headers.push(("x-forwarded-host".to_owned(), host.clone()));
    if !headers.iter().any(|(name, _)| name == "host") {
        headers.push(("host".to_owned(), host));
    }
    // A client's own id is what it will look for.
    if !headers.iter().any(|(name, _)| name == "x-request-id") {
        headers.push(("x-request-id".to_owned(), request.to_string()));
    }
    Ok(headers)
}

/// Asks another server and passes its answer on. `via` is absent where a site's rule leads there.
pub(super) async fn proxy(
    ctx: &Ctx,
    request: &web_sys::Request,
    to: &str,
    via: Option<&Via<'_>>,
    html: bool,
) -> Result<web_sys::Response, Fault> {
    let (from, address) = (Headers(request.headers()), Address::new(request.url()));
    let upload = Upload::of(request, via.and_then(Via::largest_body))?;
    let onward = asked(ctx, to, request, &from, &address, via, &upload)?;
    let answer = answer(onward, via.and_then(Via::timeout)).await;
    if let Some(limit) = upload.overrun() {
        return Ok(page(ctx, html, Page::TooLarge(limit))?.into());
    }
    match answer {
        Ok(Some(response)) => Ok(identify(ctx, &response.into())?),
        Ok(None) => Ok(page(ctx, html, Page::Trouble(TunnelTrouble::Timeout))?.into()),
        Err(error) => {
            platform::log(format_args!("{}: proxy to {to}: {error}", ctx.request));
            Ok(page(ctx, html, Page::Unreachable)?.into())
        }
    }
}

/// What another server is asked.
fn asked(
    ctx: &Ctx,
    to: &str,
    request: &web_sys::Request,
    from: &Headers,
    address: &Address,
    via: Option<&Via<'_>>,
    upload: &Upload,
) -> Result<Request, Fault> {
    let method = request.method();
    let mut fields = onward(from, address, ctx.request)?;
    // Its own host, unless the managed URL says another.
    fields.retain(|(name, _)| name != "host");
    if let Some(via) = via {
        via.adapt(&mut fields);
    }
    if wants_websocket(&method, from)? {
        ask_for_websocket(&mut fields);
    }
    let headers = Headers::new();
    for (name, value) in fields {
        headers.append(&name, &value)?;
    }
    // Not the builder of the crate `worker`: it sends a method that it does not know as GET.
    let init = web_sys::RequestInit::new();
    init.set_method(&method);
    init.set_headers(&headers.0);
    init.set_redirect(web_sys::RequestRedirect::Manual);
    if let Some(body) = upload.body() {
        init.set_body(body);
    }
    web_sys::Request::new_with_str_and_init(to, &init)
        .map(Request::from)
        .map_err(|error| Fault::new(worker::Error::from(error)))
}

/// The answer of another server; `None` when it has not begun in time.
async fn answer(request: Request, timeout: Option<Duration>) -> worker::Result<Option<Response>> {
    let request = Fetch::Request(request);
    let Some(timeout) = timeout else { return request.send().await.map(Some) };
    let controller = AbortController::default();
    let signal = controller.signal();
    match select(pin!(request.send_with_signal(&signal)), pin!(Delay::from(timeout))).await {
        Either::Left((response, _)) => response.map(Some),
        Either::Right(_) => {
            controller.abort();
            Ok(None)
        }
    }
}

/// Shapes of a request that two servers could take for different ones (RFC 9112, 6.3).
pub(crate) fn ambiguous(headers: &Headers, address: &Address) -> Result<Option<&'static str>, Fault> {
    let (length, coding) = (headers.get("content-length")?, headers.get("transfer-encoding")?);
    if let Some(problem) = unclear_end(length.as_deref(), coding.as_deref()) {
        return Ok(Some(problem));
    }
    if address.host().is_empty() {
        return Ok(Some("it names no host"));
    }
    Ok(None)
}

/// Why it is not clear where a request's body ends.
fn unclear_end(length: Option<&str>, coding: Option<&str>) -> Option<&'static str> {
    // `parse` takes a sign.
    let is_number =
        |length: &str| length.bytes().all(|byte| byte.is_ascii_digit()) && length.parse::<u64>().is_ok();
    match (length, coding) {
        (Some(_), Some(_)) => Some("it has both Content-Length and Transfer-Encoding"),
        (Some(length), None) if !is_number(length) => Some("its Content-Length is not one number"),
        (None, Some(coding)) if !coding.eq_ignore_ascii_case("chunked") => {
            Some("its Transfer-Encoding is not just chunked")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_at_one_number_or_in_chunks() {
        for (length, coding) in [(None, None), (Some("0"), None), (Some("12"), None), (None, Some("Chunked"))]
        {
            assert_eq!(unclear_end(length, coding), None, "{length:?} {coding:?}");
        }
        for length in ["", "+1", "-1", "1, 1", "0x1", "1 ", "18446744073709551616"] {
            assert!(unclear_end(Some(length), None).is_some(), "{length:?}");
        }
        for coding in ["", "identity", "chunked, chunked", "gzip, chunked"] {
            assert!(unclear_end(None, Some(coding)).is_some(), "{coding:?}");
        }
        assert!(unclear_end(Some("1"), Some("chunked")).is_some());
    }

    #[test]
    fn an_application_is_told_what_its_client_can_read_and_not_what_the_platform_can() {
        let platforms = || vec![("accept-encoding".to_owned(), "br, gzip".to_owned())];
        for (clients, expected) in [(None, Some("br, gzip")), (Some(""), None), (Some("gzip"), Some("gzip"))]
        {
            let mut headers = platforms();
            ask_for_encodings(&mut headers, clients.map(str::to_owned));
            assert_eq!(headers.first().map(|(_, value)| value.as_str()), expected);
        }
    }

    #[test]
    fn a_value_crosses_the_tunnel_as_its_bytes() {
        assert_eq!(octets("plain".to_owned()), "plain");
        let crossing: Vec<u8> = octets("café €".to_owned()).chars().map(|c| c as u8).collect();
        assert_eq!(crossing, "café €".as_bytes());
    }

    #[test]
    fn a_websocket_is_asked_for_without_the_extensions_of_its_client() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            field("sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEA=="),
            field("sec-websocket-extensions", "permessage-deflate"),
            field("sec-websocket-protocol", "chat"),
        ];
        ask_for_websocket(&mut headers);
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["sec-websocket-key", "sec-websocket-protocol", "upgrade"]);
    }
}
