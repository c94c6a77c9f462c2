//! A request and its answer as they are on the wire, by clients that others wrote: hyper, curl, or a bare socket.

use std::{collections::BTreeMap, io, net::SocketAddr, process::Stdio};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use crate::PATIENCE;

/// A body of a request.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The fields of a message: by name in lower case, the values of each in their order.
pub type Fields = BTreeMap<String, Vec<Vec<u8>>>;

/// A request to be sent to several places alike.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Option<Bytes>,
    /// Whether the body is sent in chunks, without its length.
    pub chunked: bool,
}

/// An answer that has come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub fields: Fields,
    pub body: Bytes,
    pub trailers: Fields,
}

impl Ask {
    pub fn get(target: impl Into<String>) -> Self {
        Self { method: "GET", target: target.into(), ..Self::default() }
    }

    pub fn with(method: &'static str, target: impl Into<String>, body: &'static [u8]) -> Self {
        Self { method, body: Some(Bytes::from_static(body)), ..Self::get(target) }
    }

    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Sends the body in chunks.
    pub fn in_chunks(self) -> Self {
        Self { chunked: true, ..self }
    }

    /// Asks with hyper, over a connection of its own.
    pub async fn by_hyper(&self, to: SocketAddr, host: &str) -> Result<Answer, String> {
        let mut request =
            Request::builder().method(self.method).uri(&self.target[..]).header("host", host.as_bytes());
        for (name, value) in &self.headers {
            request = request.header(*name, &value[..]);
        }
        let body = match &self.body {
            Some(body) if self.chunked => in_chunks(body.clone()),
            body => whole(body.clone().unwrap_or_default()),
        };
        let request = request.body(body).map_err(|error| error.to_string())?;
        let asking = async {
            let mut connection = Connection::try_open(to).await.map_err(|error| error.to_string())?;
            let answer = connection.send(request).await.map_err(|error| format!("{error:?}"))?;
            answer.collect_all().await.map_err(|error| format!("{error:?}"))
        };
        timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err("no answer".to_owned()))
    }

    /// Asks with curl.
    pub async fn by_curl(&self, to: SocketAddr, host: &str) -> Result<Answer, String> {
        let folder = tempfile::tempdir().unwrap();
        let heads = folder.path().join("heads");
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--http1.1", "--path-as-is", "--globoff", "--max-time", "60"]);
        curl.arg("--dump-header").arg(&heads).args(["--header", &format!("Host: {host}")]);
        for (name, value) in &self.headers {
            // As arguments are bytes too, curl sends what is not ASCII as it is.
            let line = [name.as_bytes(), if value.is_empty() { b";" } else { b": " }, value].concat();
            curl.arg("--header").arg(std::ffi::OsString::from(Octets(line)));
        }
        match (self.method, &self.body) {
            ("HEAD", _) => curl.arg("--head"),
            (method, None) => curl.args(["--request", method]),
            (method, Some(_)) => curl.args(["--request", method, "--data-binary", "@-"]),
        };
        if self.chunked {
            curl.args(["--header", "Transfer-Encoding: chunked"]);
        }
        curl.arg(format!("http://{to}{}", self.target));
        let mut curl =
            curl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = curl.stdin.take().unwrap();
        // One that was answered early has stopped reading.
        let _ = stdin.write_all(self.body.as_deref().unwrap_or_default()).await;
        drop(stdin);
        let said = curl.wait_with_output().await.unwrap();
        if !said.status.success() {
            return Err(String::from_utf8_lossy(&said.stderr).into_owned());
        }
        let body = if self.method == "HEAD" { Bytes::new() } else { said.stdout.into() };
        Answer::read(&std::fs::read(heads).unwrap(), body)
    }
}

/// Bytes that are given to a program as they are.
struct Octets(Vec<u8>);

impl From<Octets> for std::ffi::OsString {
    fn from(Octets(bytes): Octets) -> Self {
        std::os::unix::ffi::OsStringExt::from_vec(bytes)
    }
}

impl Answer {
    /// Of the heads that curl has written down: those of 1xx first, trailers last.
    fn read(heads: &[u8], body: Bytes) -> Result<Self, String> {
        let text: String = heads.iter().map(|&byte| char::from(byte)).collect();
        let blocks: Vec<&str> = text.split("\r\n\r\n").filter(|block| !block.is_empty()).collect();
        let last = blocks.iter().rposition(|block| block.starts_with("HTTP/")).ok_or("no head")?;
        let (line, lines) = blocks[last].split_once("\r\n").unwrap_or((blocks[last], ""));
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
        let trailers = blocks.get(last + 1).copied().unwrap_or_default();
        Ok(Self { status, fields: fields_of(lines), body, trailers: fields_of(trailers) })
    }

    /// The values of a field as text.
    pub fn values(&self, name: &str) -> Vec<String> {
        let values = self.fields.get(name).into_iter().flatten();
        values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
    }
}

fn fields_of(lines: &str) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in lines.lines().filter_map(|line| line.split_once(':')) {
        let bytes = value.trim().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        fields.entry(name.to_ascii_lowercase()).or_default().push(bytes);
    }
    fields
}

fn fields(map: &HeaderMap) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in map {
        fields.entry(name.to_string()).or_default().push(value.as_bytes().to_vec());
    }
    fields
}

/// Reads an answer to its end.
pub trait CollectAll {
    /// # Errors
    /// It broke off.
    fn collect_all(self) -> impl Future<Output = hyper::Result<Answer>> + Send;
}

impl CollectAll for Response<Incoming> {
    async fn collect_all(self) -> hyper::Result<Answer> {
        let (parts, body) = self.into_parts();
        let body = body.collect().await?;
        let trailers = body.trailers().map(fields).unwrap_or_default();
        let (status, fields) = (parts.status.as_u16(), fields(&parts.headers));
        Ok(Answer { status, fields, body: body.to_bytes(), trailers })
    }
}

/// A body that is sent with its length.
pub fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

fn in_chunks(body: Bytes) -> Body {
    let (sender, body_of_it) = channel();
    for part in body.chunks(1000.max(body.len() / 7)) {
        sender.send(Ok(Bytes::copy_from_slice(part))).unwrap();
    }
    body_of_it
}

/// A body that is sent in chunks, as they are given.
pub fn channel() -> (mpsc::UnboundedSender<io::Result<Bytes>>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let frames = futures_util::stream::unfold(receiver, async |mut receiver| {
        let item: io::Result<Bytes> = receiver.recv().await?;
        Some((item.map(Frame::data), receiver))
    });
    (sender, StreamBody::new(frames).boxed_unsync())
}

/// A connection of hyper's. Dropped, it is closed.
pub struct Connection {
    sender: SendRequest<Body>,
    task: JoinHandle<()>,
}

impl Connection {
    pub async fn open(to: SocketAddr) -> Self {
        Self::try_open(to).await.unwrap()
    }

    /// # Errors
    /// Nobody listens there.
    pub async fn try_open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let shaken = http1::Builder::new().max_headers(500).handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(io::Error::other)?;
        // How it ends, its request hears.
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, task })
    }

    /// # Errors
    /// It broke off before an answer began.
    pub async fn send(&mut self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        self.sender.send_request(request).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends bytes as they are; all that comes back until the other side closes.
pub async fn say(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // Who is refused may be cut off before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut back = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            back.extend_from_slice(&buffer[..length]);
        }
    };
    let ended = timeout(PATIENCE, reading).await;
    assert!(
        ended.is_ok(),
        "it stays open after {:?}, answered {:?}",
        bytes.escape_ascii().to_string(),
        back.escape_ascii().to_string()
    );
    back
}
