//! A stream of the tunnel to a replica and back.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Either, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use patr_models::{
    deployment::logs::LogLine,
    ids::DeploymentId,
    wire::{OpenRequest, ResponseHead},
};
use patr_tunnel::Code;
use tokio::{
    sync::{mpsc, watch},
    time,
};
use tracing::debug;

use crate::{
    backends::Backends,
    runtime::{LogsFrom, Runtime},
    store::Known,
    tunnel::{Reader, Writer},
};

type BodyStream = stream::BoxStream<'static, std::io::Result<Frame<Bytes>>>;
type Body = Either<Empty<Bytes>, StreamBody<BodyStream>>;

/// Headers about one connection, not about the message (RFC 9110, 7.6.1).
const HOP: [&str; 6] = ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

/// What streams lead to.
#[derive(Clone)]
pub(crate) struct Target<R> {
    backends: Backends,
    client: Client<HttpConnector, Body>,
    runtime: R,
    desired: watch::Receiver<Option<Arc<Known>>>,
}

/// An http stream's request.
struct Ask {
    deployment: DeploymentId,
    port: u16,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
}

impl<R: Runtime> Target<R> {
    pub(crate) fn new(backends: Backends, runtime: R, desired: watch::Receiver<Option<Arc<Known>>>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        // Idle connections are closed before common servers would, who do it after 5 seconds and more.
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(4))
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector);
        Self { backends, client, runtime, desired }
    }

    /// Serves one stream.
    pub(crate) async fn serve(self, request: OpenRequest, reader: Reader, writer: Writer) {
        let gone = writer.gone();
        match request {
            OpenRequest::Http { deployment, port, method, target, headers } => {
                let ask = Ask { deployment, port, method, target, headers };
                // Whoever asked has left: dropping the request closes its connection to the application.
                tokio::select! {
                    () = self.http(ask, reader, writer) => {}
                    () = gone => {}
                }
            }
            OpenRequest::Exec { .. } | OpenRequest::Volume { .. } => writer.abort(Code::Refused),
            OpenRequest::Logs { deployment, follow, tail, .. } => {
                tokio::select! {
                    () = self.logs(deployment, follow, tail, writer) => {}
                    () = gone => {}
                }
            }
        }
    }

    async fn http(self, ask: Ask, reader: Reader, writer: Writer) {
        let picked = self.backends.pick(ask.deployment, ask.port);
        let Some(replica) = picked else { return writer.abort(Code::NoTarget) };
        let address = replica.address;
        let Some(request) = outbound(ask, address, reader) else { return writer.abort(Code::Protocol) };
        match self.client.request(request).await {
            Ok(response) => relay(response, writer).await,
            Err(error) => {
                debug!("{address}: {error}");
                writer.abort(Code::Unreachable);
            }
        }
    }

    async fn logs(self, deployment: DeploymentId, follow: bool, tail: u32, writer: Writer) {
        let head = ResponseHead { status: 200, headers: Vec::new() };
        if !writer.write(encode(&head)).await {
            return;
        }
        let (sender, mut lines) = mpsc::channel::<LogLine>(256);
        tokio::spawn(collect(self.runtime, self.desired, deployment, (follow, tail), sender));
        while let Some(line) = lines.recv().await {
            let mut json = serde_json::to_vec(&line).unwrap_or_default();
            json.push(b'\n');
            if !writer.write(json.into()).await {
                return;
            }
        }
        writer.finish();
    }
}

/// Reads every replica, and those that come later if it is to go on.
async fn collect<R: Runtime>(
    runtime: R,
    desired: watch::Receiver<Option<Arc<Known>>>,
    deployment: DeploymentId,
    (follow, tail): (bool, u32),
    sender: mpsc::Sender<LogLine>,
) {
    let mut read = HashSet::new();
    loop {
        let runner = desired.borrow().as_ref().map(|known| known.runner.to_string());
        let here = runtime.observe(&runner.unwrap_or_default()).await.unwrap_or_default();
        for replica in here.into_iter().filter(|replica| replica.deployment == deployment) {
            if read.insert(replica.id.clone()) {
                let from = LogsFrom { follow, tail, since: None };
                tokio::spawn(forward(runtime.logs(&replica.id, from).boxed(), sender.clone()));
            }
        }
        if !follow {
            return;
        }
        tokio::select! {
            () = sender.closed() => return,
            () = time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn forward(mut lines: stream::BoxStream<'static, LogLine>, sender: mpsc::Sender<LogLine>) {
    loop {
        tokio::select! {
            () = sender.closed() => return,
            line = lines.next() => match line {
                Some(line) => {
                    if sender.send(line).await.is_err() {
                        return;
                    }
                }
                None => return,
            },
        }
    }
}

/// The request to a replica; `None` for one that is no HTTP.
fn outbound(ask: Ask, address: std::net::SocketAddr, reader: Reader) -> Option<Request<Body>> {
    let uri: Uri = format!("http://{address}{}", ask.target).parse().ok()?;
    let body = if reader.is_empty() {
        Either::Left(Empty::new())
    } else {
        let frames = stream::unfold(reader, async |mut reader| {
            let item = reader.read().await?;
            Some((item.map(Frame::data), reader))
        });
        Either::Right(StreamBody::new(frames.boxed()))
    };
    let mut request = Request::new(body);
    *request.method_mut() = ask.method.parse().ok()?;
    *request.uri_mut() = uri;
    for (name, value) in &ask.headers {
        let name: HeaderName = name.parse().ok()?;
        request.headers_mut().append(name, from_latin1(value)?);
    }
    Some(request)
}

/// Header values are bytes; on the wire each is the character of the same number.
fn from_latin1(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

/// Sends an answer back, no faster than it is read at the other end.
async fn relay(response: Response<Incoming>, writer: Writer) {
    let (parts, mut body) = response.into_parts();
    let headers =
        parts.headers.iter().filter(|(name, _)| !HOP.contains(&name.as_str())).map(|(name, value)| {
            (name.to_string(), value.as_bytes().iter().map(|&byte| char::from(byte)).collect())
        });
    let head = ResponseHead { status: parts.status.as_u16(), headers: headers.collect() };
    if !writer.write(encode(&head)).await {
        return;
    }
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return writer.abort(Code::Unreachable) };
        if let Ok(data) = frame.into_data()
            && !writer.write(data).await
        {
            return;
        }
    }
    writer.finish();
}

fn encode(head: &ResponseHead) -> Bytes {
    let json = serde_json::to_vec(head).unwrap_or_default();
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &json].concat().into()
}
