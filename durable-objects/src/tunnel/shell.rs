//! A request becomes a stream of the agent's socket, and the stream an answer.

use std::{cell::RefCell, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use patr_models::{
    internal::{OPEN_HEADER, RUNNER_HEADER, TROUBLE_HEADER, TunnelTrouble},
    wire::{PING, PONG, RESTART, RESTARTED, ResponseHead, close},
};
use patr_tunnel::{Code, OpenError};
use worker::{
    EncodeBody, FixedLengthStream, Headers, Request, Response, ResponseBuilder, Result, State, WebSocket,
    WebSocketIncomingMessage, WebSocketPair, worker_sys::WebSocketRequestResponsePair,
};

use super::{
    head::{HeadReader, wants_only_head},
    lane::{Body, Broken, Lane, LaneStream, Shared},
    upload::upload,
};

/// Of the one socket that counts; older ones keep none.
const CURRENT: &str = "current";

/// One lane on the platform.
pub struct Tunnel {
    state: State,
    lane: RefCell<Option<Shared>>,
}

impl Tunnel {
    pub fn new(state: State) -> Self {
        if let Ok(pair) = WebSocketRequestResponsePair::new(PING, PONG) {
            state.set_websocket_auto_response(&pair);
        }
        let lane = RefCell::new(None);
        Self { state, lane }
    }

    pub async fn fetch(&self, request: Request) -> Result<Response> {
        if request.headers().get(RUNNER_HEADER)?.is_some() {
            return self.accept();
        }
        let Some(open) = request.headers().get(OPEN_HEADER)? else {
            self.close_all(close::REVOKED, "the token was revoked");
            return Response::empty();
        };
        let payload = URL_SAFE_NO_PAD.decode(open).map_err(|error| error.to_string())?;
        match self.current() {
            Some(lane) => serve(lane, payload.into(), request).await,
            None => trouble(TunnelTrouble::LaneDown),
        }
    }

    pub fn message(&self, socket: &WebSocket, message: WebSocketIncomingMessage) {
        let Some(lane) = self.current().filter(|lane| same(lane.borrow().socket(), socket)) else { return };
        match message {
            WebSocketIncomingMessage::Binary(bytes) => {
                let outcome = lane.borrow_mut().input(bytes.into());
                if let Err(error) = outcome {
                    worker::console_error!("an agent broke the tunnel's protocol: {error}");
                    let _ = socket.close(Some(close::MALFORMED), Some(error.to_string()));
                    self.drop_lane(socket);
                }
            }
            WebSocketIncomingMessage::String(text) if text == RESTARTED => lane.borrow_mut().stale = false,
            WebSocketIncomingMessage::String(_) => {}
        }
    }

    pub fn closed(&self, socket: &WebSocket, code: usize) {
        let code = u16::try_from(code).ok().filter(|code| (3000..5000).contains(code)).unwrap_or(1000);
        let _ = socket.close(Some(code), Some(""));
        self.drop_lane(socket);
    }

    fn accept(&self) -> Result<Response> {
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.close_all(close::REPLACED, "a newer connection took over");
        self.state.accept_websocket_with_tags(&server, &[CURRENT]);
        *self.lane.borrow_mut() = Some(Rc::new(RefCell::new(Lane::new(server, false))));
        Response::from_websocket(client)
    }

    /// The lane with its socket; found again after hibernation.
    fn current(&self) -> Option<Shared> {
        let mut slot = self.lane.borrow_mut();
        if slot.is_none() {
            let socket = self.state.get_websockets_with_tag(CURRENT).pop()?;
            socket.send_with_str(RESTART).ok()?;
            *slot = Some(Rc::new(RefCell::new(Lane::new(socket, true))));
        }
        slot.clone()
    }

    fn drop_lane(&self, socket: &WebSocket) {
        let gone = self.lane.borrow_mut().take_if(|lane| same(lane.borrow().socket(), socket));
        if let Some(lane) = gone {
            lane.borrow_mut().lost();
        }
    }

    fn close_all(&self, code: u16, reason: &str) {
        for socket in self.state.get_websockets() {
            let _ = socket.close(Some(code), Some(reason));
        }
        let gone = self.lane.borrow_mut().take();
        if let Some(lane) = gone {
            lane.borrow_mut().lost();
        }
    }
}

fn same(one: &WebSocket, other: &WebSocket) -> bool {
    let one: &worker::worker_sys::web_sys::WebSocket = one.as_ref();
    let other: &worker::worker_sys::web_sys::WebSocket = other.as_ref();
    one == other
}

async fn serve(lane: Shared, payload: Bytes, request: Request) -> Result<Response> {
    let body = request.inner().body();
    let only_head = wants_only_head(&payload);
    let stream = match LaneStream::open(&lane, payload, body.is_none()) {
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
    let mut reader = HeadReader::default();
    loop {
        match stream.read().await {
            Some(Ok(bytes)) => match reader.push(&bytes) {
                Ok(None) => {}
                Ok(Some((head, first))) => return respond(head, only_head, Body::new(first, stream)),
                Err(_) => return trouble(TunnelTrouble::Protocol),
            },
            Some(Err(Broken::Lost)) => return trouble(TunnelTrouble::Lost),
            Some(Err(Broken::Reset(code))) => return trouble(reset(code)),
            None => return trouble(TunnelTrouble::Unreachable),
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

fn respond(head: ResponseHead, only_head: bool, body: Body) -> Result<Response> {
    let headers = Headers::new();
    let mut length = None;
    for (name, value) in &head.headers {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<u64>().ok();
        }
        headers.append(name, value)?;
    }
    // What the application encoded is passed on as it is.
    let builder = ResponseBuilder::new()
        .with_status(head.status)
        .with_headers(headers)
        .with_encode_body(EncodeBody::Manual);
    match (head.status, length) {
        _ if only_head => Ok(builder.empty()),
        (101 | 204 | 205 | 304, _) => Ok(builder.empty()),
        (_, Some(length)) if length > 0 => {
            let sized = worker::worker_sys::FixedLengthStream::from(FixedLengthStream::wrap(body, length));
            Ok(builder.stream(sized.readable()))
        }
        (_, Some(_)) => Ok(builder.empty()),
        (_, None) => builder.from_stream(body),
    }
}

fn trouble(trouble: TunnelTrouble) -> Result<Response> {
    let headers = Headers::new();
    headers.set(TROUBLE_HEADER, trouble.as_str())?;
    Ok(Response::empty()?.with_status(503).with_headers(headers))
}
