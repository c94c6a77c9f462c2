//! What a browser shows at the control host: logging in, and the own account. Small pages of plain HTML with one style sheet
//! and one script; logging in with a password needs no script.
//!
//! | path | is |
//! |---|---|
//! | `/login`, `/logout` | the browser's login begins and ends |
//! | `/sign-up` | an account begins |
//! | `/account` | the own account |
//! | `/device` | a device that somebody logs in from here |
//! | `/oauth/authorize` | a program of somebody else that is let act for a person |
//! | `/site-access` | the way in to sites for members |
//! | `/verify-email`, `/reset-password` | where links in mails lead; what they prove stands in the fragment |
//!
//! Whoever adds a page that wants a login asks [`person`], and sends others to [`log_in_url`].

mod account;
mod html;
mod login;
mod mailed;
mod sign_up;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};

use crate::{
    answer::{Fault, Refused},
    auth::{self, Person, cookie},
    ctx::Ctx,
    handlers::device,
    ingress::access::{local, members},
    oauth::authorize,
    platform::{self, Body},
};
pub(crate) use html::{Page, escape, hidden, plain, problem, see_other};

/// Longest form, in bytes: what a passkey answers, in percent-encoding.
const FORM_MAX: usize = 64 * 1024;
const STYLE: &str = include_str!("pages/style.css");
const SCRIPT: &str = include_str!("pages/script.js");

/// Whether a path of the control host is one of a page here.
pub(crate) fn is_page(path: &str) -> bool {
    matches!(path, "/login" | "/logout" | "/sign-up" | "/account" | "/verify-email" | "/reset-password")
        || matches!(path, device::PATH | authorize::PATH)
        || path == members::PATH
        || path == html::STYLE_PATH
        || path == html::SCRIPT_PATH
}

pub(crate) async fn serve(
    ctx: &Ctx,
    parts: &Parts,
    body: &mut impl Body,
) -> worker::Result<worker::Response> {
    let answered = match body.read(FORM_MAX).await {
        Ok(body) => answer(ctx, parts, &body).await,
        Err(Refused::Common(_)) => plain(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "too large".to_owned()),
        Err(Refused::Fault(fault)) => Err(fault),
    };
    let response = answered.or_else(|fault| {
        platform::log(format_args!("{}: {fault}", ctx.request));
        let text = format!("Something went wrong on our side. Quote {} when you ask about it.", ctx.request);
        plain(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", text)
    });
    platform::response(response.map_err(worker::Error::from)?)
}

/// Answers a request to a page.
pub(crate) async fn answer(ctx: &Ctx, parts: &Parts, body: &[u8]) -> Result<Response<Bytes>, Fault> {
    let path = parts.uri.path();
    match (&parts.method, path) {
        (&Method::GET | &Method::HEAD, html::STYLE_PATH) => asset("text/css; charset=utf-8", STYLE),
        (&Method::GET | &Method::HEAD, html::SCRIPT_PATH) => asset("text/javascript; charset=utf-8", SCRIPT),
        (&Method::GET | &Method::HEAD, "/login") => login::show(ctx, parts).await,
        (&Method::GET | &Method::HEAD, "/logout") => login::ask_to_leave(ctx, parts),
        (&Method::GET | &Method::HEAD, "/sign-up") => sign_up::show(ctx, parts).await,
        (&Method::GET | &Method::HEAD, "/account") => account::show(ctx, parts).await,
        (&Method::GET | &Method::HEAD, members::PATH) => members::answer(ctx, parts).await,
        (&Method::GET | &Method::HEAD, "/verify-email") => mailed::verify(ctx),
        (&Method::GET | &Method::HEAD, "/reset-password") => mailed::reset(ctx),
        (&Method::GET | &Method::HEAD, device::PATH) => device::page::show(ctx, parts).await,
        (&Method::GET | &Method::HEAD, authorize::PATH) => authorize::show(ctx, parts).await,
        (&Method::POST, "/login" | "/logout" | "/sign-up" | device::PATH | authorize::PATH)
            if !cookie::is_same_origin(&parts.headers) =>
        {
            elsewhere(ctx)
        }
        (&Method::POST, "/login") => login::submit(ctx, body).await,
        (&Method::POST, "/sign-up") => sign_up::submit(ctx, body).await,
        (&Method::POST, device::PATH) => device::page::submit(ctx, &parts.headers, body).await,
        (&Method::POST, authorize::PATH) => authorize::submit(ctx, &parts.headers, body).await,
        (&Method::POST, "/logout") => login::leave(ctx, &parts.headers).await,
        _ => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new())?;
            let allowed =
                if matches!(path, "/login" | "/logout" | "/sign-up" | device::PATH | authorize::PATH) {
                    "GET, HEAD, POST"
                } else {
                    "GET, HEAD"
                };
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
            Ok(response)
        }
    }
}

/// Who is logged in in this browser.
pub(crate) async fn person(ctx: &Ctx, headers: &HeaderMap) -> Result<Option<Person>, Fault> {
    let Some(secret) = cookie::read(headers) else { return Ok(None) };
    match auth::by_session(ctx, auth::hash(secret)).await {
        Ok(person) => Ok(Some(person)),
        Err(Refused::Common(_)) => Ok(None),
        Err(Refused::Fault(fault)) => Err(fault),
    }
}

/// Where somebody logs in who then goes on to a path of this host, with its query.
pub(crate) fn log_in_url(next: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("/login?{}", query.append_pair("next", next).finish())
}

/// The path to go on to: one of this host, and nothing that a browser takes for another.
fn next(given: &str) -> &str {
    if given.is_empty() { "/account" } else { local(given) }
}

/// Answers a form that another page has sent.
pub(crate) fn elsewhere(ctx: &Ctx) -> Result<Response<Bytes>, Fault> {
    let body = "<h1>This form came from elsewhere</h1><p>Open the page itself and try again. Very old browsers do not \
                say where a form comes from; this page needs one that does.</p>";
    Page { title: "Refused", body: body.to_owned(), ..Page::default() }.respond(ctx, StatusCode::FORBIDDEN)
}

/// A file that every page uses. It changes with the script, so it is kept for minutes only.
fn asset(media: &'static str, text: &'static str) -> Result<Response<Bytes>, Fault> {
    Response::builder()
        .header(header::CONTENT_TYPE, media)
        .header(header::CACHE_CONTROL, "public, max-age=300")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(Bytes::from_static(text.as_bytes()))
        .map_err(Fault::new)
}

#[cfg(test)]
#[path = "pages/tests.rs"]
mod tests;
