//! A request to a replica, and its answer back.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Either, Empty, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use patr_models::{ids::DeploymentId, wire::ResponseHead};
use patr_tunnel::Code;
use tokio::task::yield_now;
use tracing::debug;

use super::{Target, encode, requests::Noted};
use crate::{
    backends::InFlight,
    runtime::Runtime,
    tunnel::{Reader, Writer},
};

type BodyStream = stream::BoxStream<'static, std::io::Result<Frame<Bytes>>>;
pub(super) type Body = Either<Empty<Bytes>, StreamBody<BodyStream>>;

/// Headers about one connection, not about the message (RFC 9110, 7.6.1), and the one that announces trailers, which do
/// not cross.
const HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
/// An answer up to this size goes as one frame if it is at hand: each frame wakes the object at the edge.
const AT_HAND: usize = 32 * 1024;
/// Turns of the event loop in which nothing more of an answer came before it goes as it is: the connection's own task
/// hands on what it has read.
const IDLE_TURNS: u8 = 2;

/// An http stream's request.
pub(super) struct Ask {
    pub(super) deployment: DeploymentId,
    pub(super) port: u16,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Ask {
    /// Whether asking twice does what asking once does (RFC 9110, 9.2.2).
    pub(super) fn is_idempotent(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
            && !self.is_websocket()
    }

    pub(super) fn is_websocket(&self) -> bool {
        let upgrade = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("upgrade"));
        upgrade.is_some_and(|(_, value)| value.eq_ignore_ascii_case("websocket"))
    }

    /// The request to a replica; `None` for one that is no HTTP.
    pub(super) fn to(&self, address: SocketAddr, body: Body) -> Option<Request<Body>> {
        let uri: Uri = format!("http://{address}{}", self.target).parse().ok()?;
        let mut request = Request::new(body);
        *request.method_mut() = self.method.parse().ok()?;
        *request.uri_mut() = uri;
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().ok()?;
            request.headers_mut().append(name, from_latin1(value)?);
        }
        Some(request)
    }
}

impl<R: Runtime> Target<R> {
    pub(super) async fn http(self, ask: Ask, reader: Reader, writer: Writer) {
        let mut noted = Noted::new(&self.log, &ask);
        let picked = self.backends.acquire(ask.deployment, ask.port).await;
        let Some(replica) = picked else { return writer.abort(Code::NoTarget) };
        if ask.is_websocket() {
            return self.websocket(&ask, &replica, (reader, writer), &mut noted).await;
        }
        let again = reader.is_empty() && ask.is_idempotent();
        let Some(request) = ask.to(replica.address, body(reader)) else {
            return writer.abort(Code::Protocol);
        };
        if let Some(response) = self.request(&ask, &replica, request, &mut noted).await {
            return relay(response, writer, &mut noted).await;
        }
        if !again {
            return writer.abort(Code::Unreachable);
        }
        let Some(other) = self.instead_of(&ask, replica).await else {
            return writer.abort(Code::Unreachable);
        };
        let request = ask.to(other.address, Either::Left(Empty::new()));
        let Some(request) = request else { return writer.abort(Code::Protocol) };
        match self.request(&ask, &other, request, &mut noted).await {
            Some(response) => relay(response, writer, &mut noted).await,
            None => writer.abort(Code::Unreachable),
        }
    }

    /// Asks a replica; nothing when it broke off before it answered.
    pub(super) async fn request(
        &self,
        ask: &Ask,
        replica: &InFlight,
        request: Request<Body>,
        noted: &mut Noted,
    ) -> Option<Response<Incoming>> {
        noted.asks(&replica.container);
        let answer = self.client.request(request).await;
        let connected = answer.as_ref().map_or_else(|error| !error.is_connect(), |_| true);
        self.backends.connected(ask.deployment, &replica.container, connected);
        let answer = answer.map_err(|error| debug!("{}: {error}", replica.address)).ok()?;
        noted.answered(answer.status().as_u16());
        Some(answer)
    }

    /// Another replica, or the one that comes in the place of one that has gone meanwhile.
    async fn instead_of(&self, ask: &Ask, failed: InFlight) -> Option<InFlight> {
        let other = self.backends.another(ask.deployment, ask.port, &failed.container);
        if other.is_some() || self.backends.address(ask.deployment, &failed.container).is_some() {
            return other;
        }
        drop(failed);
        self.backends.acquire(ask.deployment, ask.port).await
    }
}

fn body(reader: Reader) -> Body {
    if reader.is_empty() {
        return Either::Left(Empty::new());
    }
    let frames = stream::unfold(reader, async |mut reader| {
        let item = reader.read().await?;
        Some((item.map(Frame::data), reader))
    });
    Either::Right(StreamBody::new(frames.boxed()))
}

/// Header values are bytes; on the wire each is the character of the same number.
fn from_latin1(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

/// The head of an answer, without what is about one connection only.
pub(super) fn head(parts: &http::response::Parts) -> ResponseHead {
    let of_connection = parts.headers.get_all(header::CONNECTION).iter();
    let named: Vec<&str> =
        of_connection.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let is_hop = |name: &HeaderName| {
        HOP.contains(&name.as_str()) || named.iter().any(|it| it.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let headers = parts.headers.iter().filter(|(name, _)| !is_hop(name)).map(|(name, value)| {
        (name.to_string(), value.as_bytes().iter().map(|&byte| char::from(byte)).collect())
    });
    ResponseHead { status: parts.status.as_u16(), headers: headers.collect() }
}

/// Sends an answer back, no faster than it is read at the other end.
pub(super) async fn relay(response: Response<Incoming>, writer: Writer, noted: &mut Noted) {
    let (parts, mut body) = response.into_parts();
    let mut begun = BytesMut::from(encode(&head(&parts)));
    let head = begun.len();
    let at_hand = at_hand(&mut body, &mut begun).await;
    noted.sent(begun.len() - head);
    match at_hand {
        Ok(true) => return writer.finish_with(begun.freeze()).await,
        Ok(false) if writer.write(begun.freeze()).await => {}
        Ok(false) => return,
        Err(_) => return writer.abort(Code::Unreachable),
    }
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return writer.abort(Code::Unreachable) };
        let Ok(data) = frame.into_data() else { continue };
        let bytes = data.len();
        if !writer.write(data).await {
            return;
        }
        noted.sent(bytes);
    }
    writer.finish();
}

/// Takes what has arrived of a body without waiting for more; whether that is all of it.
async fn at_hand(body: &mut Incoming, taken: &mut BytesMut) -> hyper::Result<bool> {
    let mut idle = 0;
    while !body.is_end_stream() && taken.len() < AT_HAND {
        match body.frame().now_or_never() {
            Some(Some(frame)) => {
                if let Ok(data) = frame?.into_data() {
                    taken.extend_from_slice(&data);
                }
                idle = 0;
            }
            Some(None) => return Ok(true),
            None if idle < IDLE_TURNS => {
                idle += 1;
                yield_now().await;
            }
            None => return Ok(false),
        }
    }
    Ok(body.is_end_stream())
}
