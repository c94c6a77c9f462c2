//! A WebSocket to a replica: messages of the stream one way and the other, until one side closes.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::{SinkExt, StreamExt, stream::SplitSink, stream::SplitStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{Either, Empty};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use patr_tunnel::{Code, Decoder, Message as Crossing, MessageError, limits::MESSAGE_MAX};
use tokio::{
    sync::{Mutex, Semaphore},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tracing::debug;

use super::{
    Target, encode,
    http::{Ask, Body, head, relay},
    requests::Noted,
};
use crate::{
    backends::InFlight,
    runtime::Runtime,
    tunnel::{Reader, Writer},
};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How long a replica has to answer that its socket is closed.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);
/// What is read of a replica at once, in bytes. There may be a thousand sockets, most of them idle, and each keeps its
/// buffer: the library's own of 128 KiB would come to more than everything else that the agent holds.
const READ_BUFFER: usize = 8 * 1024;
/// What a socket is closed with when its replica goes.
const AWAY: u16 = 1001;

impl<R: Runtime> Target<R> {
    pub(super) async fn websocket(
        &self,
        ask: &Ask,
        replica: &InFlight,
        (reader, writer): (Reader, Writer),
        noted: &mut Noted,
    ) {
        let key = generate_key();
        let Some(request) = upgrade(ask, replica, &key) else { return writer.abort(Code::Protocol) };
        let Some(response) = self.request(ask, replica, request, noted).await else {
            return writer.abort(Code::Unreachable);
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return relay(response, writer, noted).await;
        }
        if !accepts(response.headers(), &key) {
            debug!("{}: an upgrade that is none", replica.address);
            return writer.abort(Code::Unreachable);
        }
        let (mut parts, body) = response.into_parts();
        for ours in [header::SEC_WEBSOCKET_ACCEPT, header::SEC_WEBSOCKET_EXTENSIONS] {
            parts.headers.remove(ours);
        }
        let head = encode(&head(&parts));
        let upgraded = hyper::upgrade::on(http::Response::from_parts(parts, body)).await;
        let Ok(upgraded) = upgraded else { return writer.abort(Code::Unreachable) };
        if writer.write(head).await {
            carry(TokioIo::new(upgraded), replica, reader, writer).await;
        }
    }
}

/// The upgrade is of this connection: its key is ours, and nothing that only the client understands is asked for.
fn upgrade(ask: &Ask, replica: &InFlight, key: &str) -> Option<Request<Body>> {
    let mut request = ask.to(replica.address, Either::Left(Empty::new()))?;
    let headers = request.headers_mut();
    headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    let ours: [(HeaderName, HeaderValue); 4] = [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        (header::SEC_WEBSOCKET_KEY, key.parse().ok()?),
    ];
    for (name, value) in ours {
        headers.insert(name, value);
    }
    Some(request)
}

fn accepts(headers: &HeaderMap, key: &str) -> bool {
    let accepted = headers.get(header::SEC_WEBSOCKET_ACCEPT);
    accepted.is_some_and(|accepted| accepted.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes())
}

/// How messages from the replica ended.
enum End {
    /// The client was told.
    Closed,
    /// The replica goes: the client was told, and the replica is to be.
    Cut,
    /// The replica broke off.
    Broken,
    /// Nobody wants to hear any more.
    Unheard,
}

async fn carry(io: TokioIo<Upgraded>, replica: &InFlight, reader: Reader, writer: Writer) {
    match converse(io, replica, reader, &writer).await {
        Ok(End::Closed | End::Cut) => writer.finish(),
        Ok(End::Broken) => writer.abort(Code::Unreachable),
        Ok(End::Unheard) => {}
        Err(error) => {
            debug!("a client broke the protocol of messages: {error}");
            writer.abort(Code::Protocol);
        }
    }
}

async fn converse(
    io: TokioIo<Upgraded>,
    replica: &InFlight,
    mut reader: Reader,
    writer: &Writer,
) -> Result<End, MessageError> {
    let config =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX)).max_frame_size(Some(MESSAGE_MAX));
    let config = config.read_buffer_size(READ_BUFFER);
    let socket = WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await;
    let (mut sink, stream) = socket.split();
    let mut down = pin!(down(stream, writer, replica.cut()));
    let ended = tokio::select! {
        ended = &mut down => ended,
        sent = up(&mut reader, &mut sink) => {
            sent?;
            timeout(CLOSES_WITHIN, &mut down).await.unwrap_or(End::Closed)
        }
    };
    match ended {
        End::Closed => drop(timeout(CLOSES_WITHIN, sink.close()).await),
        End::Cut => drop(timeout(CLOSES_WITHIN, sink.send(away())).await),
        End::Broken | End::Unheard => {}
    }
    Ok(ended)
}

fn away() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Away, reason: "".into() }))
}

/// From the replica to the client. Between two messages, its time may be up.
async fn down(mut stream: SplitStream<Socket>, writer: &Writer, cut: impl Future<Output = ()>) -> End {
    let mut cut = pin!(cut);
    loop {
        let message = tokio::select! {
            message = stream.next() => message,
            () = &mut cut => {
                let close = Crossing::Close(Some((AWAY, String::new())));
                return if writer.write(close.encode()).await { End::Cut } else { End::Unheard };
            }
        };
        let crossing = match message {
            Some(Ok(Message::Text(text))) => Crossing::Text(text.to_string()),
            Some(Ok(Message::Binary(bytes))) => Crossing::Binary(bytes),
            Some(Ok(Message::Close(frame))) => {
                Crossing::Close(frame.map(|frame| (frame.code.into(), frame.reason.to_string())))
            }
            // Answered where they arrive.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(_)) | None => return End::Broken,
        };
        let closed = matches!(crossing, Crossing::Close(_));
        if !writer.write(crossing.encode()).await {
            return End::Unheard;
        }
        if closed {
            return End::Closed;
        }
    }
}

/// From the client to the replica, until the client closes or breaks off, or the replica takes no more.
async fn up(reader: &mut Reader, sink: &mut SplitSink<Socket, Message>) -> Result<(), MessageError> {
    let mut messages = Incoming::default();
    while let Some(message) = messages.next(reader).await? {
        let closed = matches!(message, Crossing::Close(_));
        let message = match message {
            Crossing::Text(text) => Message::text(text),
            Crossing::Binary(bytes) => Message::Binary(bytes),
            Crossing::Close(frame) => Message::Close(frame.and_then(close_frame)),
        };
        if sink.send(message).await.is_err() || closed {
            return Ok(());
        }
    }
    // One that takes nothing more has gone already.
    let _ = sink.send(away()).await;
    Ok(())
}

fn close_frame((code, reason): (u16, String)) -> Option<CloseFrame> {
    let code = CloseCode::from(code);
    code.is_allowed().then(|| CloseFrame { code, reason: reason.into() })
}

/// Messages as they arrive on a stream.
#[derive(Default)]
pub(super) struct Incoming {
    decoder: Decoder,
}

impl Incoming {
    /// The next message; `None` when no more will come.
    pub(super) async fn next(&mut self, reader: &mut Reader) -> Result<Option<Crossing>, MessageError> {
        loop {
            if let Some(message) = self.decoder.pull()? {
                return Ok(Some(message));
            }
            match reader.read().await {
                Some(Ok(bytes)) => self.decoder.push(&bytes),
                Some(Err(_)) | None => return Ok(None),
            }
        }
    }
}

/// Says a message as a whole, of several who speak; whether anybody hears it.
pub(super) async fn say(writer: &Mutex<&Writer>, message: Crossing) -> bool {
    writer.lock().await.write(message.encode()).await
}

/// Whether there is room for this much more on the way, which it takes up.
pub(super) fn takes_up(room: &Semaphore, bytes: usize) -> bool {
    u32::try_from(bytes).is_ok_and(|bytes| room.try_acquire_many(bytes).map(|permit| permit.forget()).is_ok())
}
