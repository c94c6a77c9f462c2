//! One request of `worker` on a lane, and what it is answered.

use bytes::Bytes;
use patr_models::{
    internal::{REQUEST_ID_HEADER, TROUBLE_HEADER, TunnelTrouble},
    wire::{ResponseHead, close},
};
use patr_tunnel::{Code, OpenError};
use worker::{EncodeBody, Headers, Method, Request, Response, ResponseBuilder, Result};

use super::{
    download::download,
    head::{self, HeadReader},
    lane::{Broken, LaneStream, Shared},
    messages::Total,
    socket,
    upload::upload,
};

/// Opens a stream for a request, and answers it with what comes back.
pub(super) async fn serve(lane: Shared, open: Bytes, request: Request, total: &Total) -> Result<Response> {
    let websocket = request.headers().has("upgrade")?;
    let id = request.headers().get(REQUEST_ID_HEADER)?;
    let body = request.inner().body();
    let client = request.inner().signal().into();
    let stream = match LaneStream::open(&lane, open, body.is_none() && !websocket, client) {
        Ok(stream) => stream,
        Err(OpenError::TooMany | OpenError::TooLong) => return trouble(TunnelTrouble::Busy),
        Err(OpenError::Exhausted) => {
            let _ = lane.borrow().socket().close(Some(close::RENEW), Some("every stream number was used"));
            return trouble(TunnelTrouble::LaneDown);
        }
    };
    if let Some(body) = body {
        wasm_bindgen_futures::spawn_local(upload(lane, stream.id(), body));
    }
    let (mut head, first) = match read_head(&stream).await {
        Ok(read) => read,
        Err(found) => return trouble(found),
    };
    mark(&mut head, id);
    let answer = if websocket && head.status == 101 {
        stream.connected();
        socket::join(&head, first, stream, total)
    } else {
        respond(&head, request.method() == Method::Head, first, stream)
    };
    // The head is the application's: what the platform does not take is its fault.
    answer.or_else(|_| trouble(TunnelTrouble::Protocol))
}

/// The head of the answer, and the first bytes after it.
async fn read_head(stream: &LaneStream) -> std::result::Result<(ResponseHead, Bytes), TunnelTrouble> {
    let mut reader = HeadReader::default();
    loop {
        match stream.read().await {
            Some(Ok(bytes)) => match reader.push(&bytes) {
                Ok(None) => {}
                Ok(Some(read)) => {
                    stream.begun();
                    return Ok(read);
                }
                Err(_) => return Err(TunnelTrouble::Protocol),
            },
            // Nobody hears what is answered to a client that has left.
            Some(Err(Broken::Lost | Broken::Left)) => return Err(TunnelTrouble::Lost),
            Some(Err(Broken::Reset(code))) => return Err(reset(code)),
            None => return Err(TunnelTrouble::Unreachable),
        }
    }
}

fn reset(code: Code) -> TunnelTrouble {
    match code {
        Code::NoTarget => TunnelTrouble::NoReplica,
        Code::Refused => TunnelTrouble::Busy,
        Code::Unreachable | Code::Cancelled => TunnelTrouble::Unreachable,
        Code::Protocol | Code::Other(_) => TunnelTrouble::Protocol,
    }
}

fn respond(head: &ResponseHead, only_head: bool, first: Bytes, stream: LaneStream) -> Result<Response> {
    // The platform takes no other, and does not say so where it could be caught.
    if !(200..=599).contains(&head.status) {
        return trouble(TunnelTrouble::Protocol);
    }
    let length = content_length(head);
    // What the application encoded is passed on as it is.
    let builder = ResponseBuilder::new()
        .with_status(head.status)
        .with_headers(headers(head)?)
        .with_encode_body(EncodeBody::Manual);
    if only_head || matches!(head.status, 204 | 205 | 304) || length == Some(0) {
        return Ok(builder.empty());
    }
    // Most answers are small and arrive with their head: as bytes they need no stream, with its turns of the event loop.
    if let Some(rest) = stream.rest() {
        let whole = if rest.is_empty() { first.clone() } else { [&first[..], &rest[..]].concat().into() };
        if length.is_none_or(|length| length == whole.len() as u64) {
            return Ok(builder.fixed(whole.into()));
        }
        return Err("the answer is not as long as it says".into());
    }
    Ok(builder.stream(download(length, first, stream)?))
}

/// Puts the request's id on an answer. Here, because `worker` would have to make the answer anew for it. The application
/// says nothing in our name: not that the answer is ours, nor another id.
fn mark(head: &mut ResponseHead, id: Option<String>) {
    let ours = |name: &str| name.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("patr-"));
    head.headers.retain(|(name, _)| !ours(name));
    head.headers.extend(id.map(|id| (REQUEST_ID_HEADER.to_owned(), id)));
}

/// The headers of an answer as the platform holds them.
pub(super) fn headers(head: &ResponseHead) -> Result<Headers> {
    let headers = Headers::new();
    for (name, value) in &head.headers {
        headers.append(name, &head::text(value))?;
    }
    Ok(headers)
}

fn content_length(head: &ResponseHead) -> Option<u64> {
    let (_, value) = head.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    value.parse().ok()
}

/// The answer that is not the application's.
pub(super) fn trouble(trouble: TunnelTrouble) -> Result<Response> {
    let headers = Headers::new();
    headers.set(TROUBLE_HEADER, trouble.as_str())?;
    Ok(Response::empty()?.with_status(503).with_headers(headers))
}
