//! Short, plain pages for when nothing of the user's can answer. They say which part is missing.

use std::borrow::Cow;

use patr_models::{
    error::ErrorBody,
    internal::{REQUEST_ID_HEADER, TROUBLE_HEADER, TunnelTrouble},
};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Headers, Response, Result, web_sys};

use super::stats::Ours;
use crate::ctx::Ctx;

/// Why Patr itself answers.
pub(crate) enum Page<'a> {
    UnknownHost(&'a str),
    UnknownPath(&'a str),
    EmptySite,
    Stopped(&'a str),
    Trouble(TunnelTrouble),
    BadRequest(&'a str),
    /// To a client with this address.
    NotAllowed(&'a str),
    /// For a limit of so many bytes.
    TooLarge(u64),
    Unreachable,
    /// The client wants only what is kept, and nothing is.
    NotKept,
    Circle,
    Broken,
}

impl Page<'_> {
    fn parts(&self) -> (u16, &'static str, String) {
        match self {
            Self::UnknownHost(host) => (404, "unknown_host", format!("Nothing is served at {host}.")),
            Self::UnknownPath(path) => {
                (404, "unknown_path", format!("Nothing is served at {path} of this host."))
            }
            Self::EmptySite => (404, "empty_site", "This site has no version yet.".to_owned()),
            Self::Stopped(what) => (503, "stopped", format!("{what} is stopped.")),
            Self::Trouble(trouble) => trouble_parts(*trouble),
            Self::BadRequest(problem) => {
                (400, "bad_request", format!("The request is ambiguous: {problem}."))
            }
            Self::NotAllowed(client) => {
                (403, "not_allowed", format!("Clients at {client} may not ask for this."))
            }
            Self::TooLarge(limit) => {
                (413, "too_large", format!("The body of a request may have {limit} bytes here."))
            }
            Self::Unreachable => {
                (502, "unreachable", "The server behind this address does not answer.".to_owned())
            }
            Self::NotKept => (504, "not_kept", "Nothing is kept of this at the edge.".to_owned()),
            Self::Circle => (508, "loop", "The rules of this site lead round in a circle.".to_owned()),
            Self::Broken => (500, "internal", "Something went wrong on our side.".to_owned()),
        }
    }
}

impl Page<'_> {
    /// What is in [`TROUBLE_HEADER`]: which part could not do its own.
    fn trouble(&self, code: &str) -> Cow<'static, str> {
        match self {
            Self::Trouble(trouble) => trouble.as_str().into(),
            _ => code.replace('_', "-").into(),
        }
    }

    /// What it is in the statistics of the managed URL, if it is one.
    fn counts_as(&self) -> Option<Ours> {
        match self {
            Self::NotAllowed(_) | Self::TooLarge(_) => Some(Ours::Refusal),
            Self::Trouble(_) | Self::Unreachable | Self::Broken => Some(Ours::Trouble),
            _ => None,
        }
    }
}

fn trouble_parts(trouble: TunnelTrouble) -> (u16, &'static str, String) {
    let (status, code, text) = match trouble {
        TunnelTrouble::LaneDown => (503, "runner_away", "The machine that runs this is not connected."),
        TunnelTrouble::Lost => {
            (503, "runner_lost", "The machine that runs this went away before it answered.")
        }
        TunnelTrouble::NoReplica => (503, "no_replica", "No replica of this deployment is ready."),
        TunnelTrouble::Unreachable => (502, "unreachable", "The application broke off before it answered."),
        TunnelTrouble::Busy => (503, "busy", "Too many requests are open."),
        TunnelTrouble::Timeout => (504, "timeout", "The application took too long to answer."),
        TunnelTrouble::Protocol => (502, "protocol", "The answer of the application could not be read."),
    };
    (status, code, text.to_owned())
}

/// Whether the client would rather read a page than JSON.
pub(crate) fn wants_html(headers: &Headers) -> Result<bool> {
    Ok(headers.get("accept")?.is_some_and(|accept| accept.contains("text/html")))
}

/// The page, or its JSON.
pub(crate) fn page(ctx: &Ctx, html: bool, page: Page<'_>) -> Result<Response> {
    let (status, code, text) = page.parts();
    ctx.tally.answers_itself(page.counts_as());
    let mut response = if html {
        let (text, id) = (escape(&text), ctx.request);
        Response::from_html(format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>{status}</title>\
             <meta name=viewport content=\"width=device-width\">\
             <style>body{{font:16px/1.5 system-ui;max-width:36rem;margin:20vh auto;padding:0 1rem}}small{{opacity:.6}}</style>\
             <h1>{status}</h1><p>{text}</p><small>Patr · {id}</small>"
        ))?
    } else {
        Response::from_json(&ErrorBody {
            code: code.to_owned(),
            message: text,
            hint: None,
            id: Some(ctx.request),
        })?
    };
    let headers = response.headers_mut();
    headers.set("cache-control", "no-store")?;
    headers.set(REQUEST_ID_HEADER, &ctx.request.to_string())?;
    headers.set(TROUBLE_HEADER, &page.trouble(code))?;
    // Only where waiting may help.
    if status == 503 {
        headers.set("retry-after", "1")?;
    }
    Ok(response.with_status(status))
}

/// An answer that came from elsewhere, with the request's id: a user can quote it whoever answered.
pub(super) fn identify(ctx: &Ctx, response: &web_sys::Response) -> Result<web_sys::Response> {
    let response = anew(response)?;
    response.headers().set(REQUEST_ID_HEADER, &ctx.request.to_string())?;
    Ok(response)
}

/// An answer whose header fields can be changed. What came from elsewhere cannot.
pub(super) fn anew(response: &web_sys::Response) -> Result<web_sys::Response> {
    // An answer is itself what an answer can be made from: status, header fields, and its WebSocket.
    let init: &JsValue = response.as_ref();
    let body = response.body();
    Ok(web_sys::Response::new_with_opt_readable_stream_and_init(body.as_ref(), init.unchecked_ref())?)
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
