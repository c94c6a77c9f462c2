//! An installation that a test scripts: it answers what it was told, and keeps what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::{HeaderValue, Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use patr_models::{
    endpoint::{
        ApiEndpoint, Call, Reply,
        headers::{Headers, NoHeaders, Tagged},
        server,
    },
    error::{ApiError, Common, ErrorBody},
    routes::{Found, Route},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

use crate::sample;

/// How long a test waits for a request on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is said to a request.
#[derive(Clone)]
pub(crate) enum Answer {
    Whole(Response<Bytes>),
    /// It begins and is then cut off.
    CutOff(Response<Bytes>),
    /// The connection stays open and nothing comes.
    Silence,
    /// A WebSocket, closed when all turns are through.
    Talk(Vec<Turn>),
}

/// What happens on a WebSocket next. Pings are answered meanwhile.
#[derive(Clone)]
pub(crate) enum Turn {
    Says(Message),
    /// Waits for a message of bytes.
    HearsBytes,
    /// Waits for a text that has this in it, whatever comes before it.
    Hears(&'static str),
    /// Nothing more, and it stays open.
    Waits,
}

impl Answer {
    /// Anything that an installation does not say.
    pub(crate) fn raw(status: u16, body: &str) -> Self {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Self::Whole(response)
    }

    /// What went wrong on the server's side.
    pub(crate) fn fault() -> Self {
        let id = sample::id(7);
        let body = ErrorBody {
            code: "internal".to_owned(),
            message: "something went wrong on our side".to_owned(),
            hint: Some(format!("try again; if it stays, look for {id} in the log")),
            id: Some(id),
        };
        Self::raw(500, &serde_json::to_string(&body).unwrap())
    }

    /// A refusal as the server writes it.
    pub(crate) fn refusal(error: &impl ApiError) -> Self {
        Self::raw(error.doc().status.get(), &serde_json::to_string(&error.body(sample::id(7))).unwrap())
    }

    /// The same answer with one header more.
    pub(crate) fn with(mut self, name: header::HeaderName, value: &'static str) -> Self {
        if let Self::Whole(response) | Self::CutOff(response) = &mut self {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        self
    }
}

/// The headers that an endpoint answers with, as every sample has them.
pub(crate) trait SampleHeaders: Headers {
    fn sample() -> Self;
}

impl SampleHeaders for NoHeaders {
    fn sample() -> Self {
        Self
    }
}

impl SampleHeaders for Tagged {
    fn sample() -> Self {
        Self::of(sample::GENERATION)
    }
}

/// One request, as the server reads it.
pub(crate) struct Asked<E: ApiEndpoint> {
    pub(crate) call: Call<E>,
    /// From `Authorization: Bearer …`.
    pub(crate) token: Option<String>,
}

/// One request to what is no endpoint of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// With its query.
    pub(crate) path: String,
    /// From `Authorization: Bearer …`.
    pub(crate) token: Option<String>,
    pub(crate) body: String,
}

struct Heard {
    route: Route,
    params: Vec<String>,
    head: Parts,
    body: Bytes,
}

/// What is said to one endpoint.
#[derive(Default)]
struct Lines {
    next: VecDeque<Answer>,
    last: Option<Answer>,
}

#[derive(Default)]
struct Script {
    lines: BTreeMap<&'static str, Lines>,
    heard: Vec<Heard>,
    sent: Vec<Sent>,
    /// What was heard on WebSockets.
    messages: Vec<Message>,
    /// What the test did not expect.
    surprises: Vec<String>,
}

#[derive(Clone, Default)]
struct Shared(Arc<(Mutex<Script>, Condvar)>);

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.0.lock().unwrap()
    }
}

/// A scripted installation on loopback.
pub(crate) struct Edge {
    port: u16,
    shared: Shared,
    /// Serves until it is dropped.
    _runtime: Runtime,
}

impl Edge {
    pub(crate) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared::default();
        runtime.spawn(serve(listener, shared.clone()));
        Self { port, shared, _runtime: runtime }
    }

    /// Its address, as a person gives it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers the next call of `E` with success. The last answer to an endpoint is repeated.
    pub(crate) fn answers<E: ApiEndpoint<ResponseHeaders: SampleHeaders>>(&self, body: E::Response) {
        let reply = Reply::<E> { headers: E::ResponseHeaders::sample(), body };
        self.says::<E>(Answer::Whole(server::into_http(&reply)));
    }

    /// Refuses the next call of `E` as `E` declares.
    pub(crate) fn refuses<E: ApiEndpoint>(&self, error: &E::Error) {
        self.says::<E>(Answer::refusal(error));
    }

    /// Refuses the next call of `E` as any endpoint may.
    pub(crate) fn refuses_commonly<E: ApiEndpoint>(&self, error: &Common) {
        self.says::<E>(Answer::refusal(error));
    }

    /// Says this to the next call of `E`.
    pub(crate) fn says<E: ApiEndpoint>(&self, answer: Answer) {
        self.shared.script().lines.entry(E::NAME).or_default().next.push_back(answer);
    }

    /// Says this to the next request to a path that is no endpoint of the API.
    pub(crate) fn says_at(&self, path: &'static str, status: u16, body: &str) {
        self.shared.script().lines.entry(path).or_default().next.push_back(Answer::raw(status, body));
    }

    /// Every request to such a path so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.shared.script().sent.clone()
    }

    /// Every call of `E` so far.
    pub(crate) fn asked<E: ApiEndpoint>(&self) -> Vec<Asked<E>> {
        let script = self.shared.script();
        script.heard.iter().filter(|heard| heard.route.name() == E::NAME).map(Heard::read).collect()
    }

    /// The one call of `E`.
    pub(crate) fn asked_once<E: ApiEndpoint>(&self) -> Asked<E> {
        let mut all = self.asked::<E>();
        assert_eq!(all.len(), 1, "calls of {}", E::NAME);
        all.remove(0)
    }

    /// What was heard on WebSockets so far.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.shared.script().messages.clone()
    }

    /// The names of the endpoints that were called, in order.
    pub(crate) fn order(&self) -> Vec<&'static str> {
        self.shared.script().heard.iter().map(|heard| heard.route.name()).collect()
    }

    /// Waits until `E` has been called so many times.
    pub(crate) fn wait_for<E: ApiEndpoint>(&self, times: usize) {
        let count =
            |script: &Script| script.heard.iter().filter(|heard| heard.route.name() == E::NAME).count();
        let told = &self.shared.0.1;
        let waited = told.wait_timeout_while(self.shared.script(), PATIENCE, |script| count(script) < times);
        let (_script, waited) = waited.unwrap();
        assert!(!waited.timed_out(), "{} is not called {times} times", E::NAME);
    }
}

impl Drop for Edge {
    /// A script that was not followed is a test that tests something else.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let script = self.shared.script();
        assert!(script.surprises.is_empty(), "{:#?}", script.surprises);
        let unheard = script.lines.iter().filter(|(_, lines)| !lines.next.is_empty());
        let unheard =
            unheard.map(|(name, lines)| format!("{name}: {}", lines.next.len())).collect::<Vec<_>>();
        assert!(unheard.is_empty(), "answers that nobody asked for: {unheard:?}");
    }
}

impl Heard {
    fn read<E: ApiEndpoint>(&self) -> Asked<E> {
        let call = server::from_http::<E>(&self.head, &self.params, self.body.clone());
        let call = call.unwrap_or_else(|error| panic!("{} would be refused: {error:?}", E::NAME));
        Asked { call, token: bearer(&self.head) }
    }
}

fn bearer(head: &Parts) -> Option<String> {
    head.headers.get(header::AUTHORIZATION).map(|value| {
        let value = value.to_str().unwrap();
        value.strip_prefix("Bearer ").unwrap_or_else(|| panic!("not a bearer token: {value}")).to_owned()
    })
}

async fn serve(listener: TcpListener, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| handle(request, shared.clone()));
            // A client that leaves early, or an answer that is cut off, is part of some tests.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
                .await;
        });
    }
}

type Body = BoxBody<Bytes, io::Error>;

async fn handle(mut request: Request<Incoming>, shared: Shared) -> Result<Response<Body>, Infallible> {
    let upgrade = hyper::upgrade::on(&mut request);
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(match hear(head, body, &shared) {
        Answer::Whole(response) => whole(response),
        Answer::CutOff(response) => cut_off(response),
        Answer::Silence => std::future::pending().await,
        Answer::Talk(turns) => {
            tokio::spawn(talk(upgrade, turns, shared));
            switching(&key.unwrap())
        }
    })
}

fn switching(key: &HeaderValue) -> Response<Body> {
    let mut response = whole(Response::new(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accept = derive_accept_key(key.as_bytes()).parse().unwrap();
    let headers = response.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

async fn talk(upgrade: hyper::upgrade::OnUpgrade, turns: Vec<Turn>, shared: Shared) {
    let io = TokioIo::new(upgrade.await.unwrap());
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    for turn in turns {
        let is_wanted = |message: &Message| match turn {
            Turn::HearsBytes => message.is_binary(),
            Turn::Hears(part) => message.is_text() && message.to_text().is_ok_and(|text| text.contains(part)),
            Turn::Says(_) | Turn::Waits => false,
        };
        if let Turn::Says(message) = &turn {
            // Whoever has left hears nothing.
            let _ = socket.send(message.clone()).await;
            continue;
        }
        while let Some(Ok(message)) = socket.next().await {
            shared.script().messages.push(message.clone());
            if is_wanted(&message) {
                break;
            }
        }
    }
    let _ = socket.close(None).await;
    // What is not read when a connection ends makes the kernel break it off, and the caller may hear that first.
    while let Some(Ok(_)) = socket.next().await {}
}

fn hear(head: Parts, body: Bytes, shared: &Shared) -> Answer {
    let mut script = shared.script();
    let Found::Route(route, params) = Route::find(&head.method, head.uri.path()) else {
        return script.elsewhere(&head, &body);
    };
    let answer = script.next(route.name());
    script.heard.push(Heard { route, params, head, body });
    shared.0.1.notify_all();
    answer
}

impl Script {
    /// The answer to what is no endpoint of the API.
    fn elsewhere(&mut self, head: &Parts, body: &Bytes) -> Answer {
        let Some(&path) = self.lines.keys().find(|path| **path == head.uri.path()) else {
            self.surprises.push(format!("{} {} is no route", head.method, head.uri));
            return Answer::raw(501, "");
        };
        let body = String::from_utf8_lossy(body).into_owned();
        self.sent.push(Sent { path: head.uri.to_string(), token: bearer(head), body });
        self.next(path)
    }

    /// The answer to the next call; the last one stays.
    fn next(&mut self, name: &'static str) -> Answer {
        let lines = self.lines.entry(name).or_default();
        let answer = lines.next.pop_front().or_else(|| lines.last.take());
        lines.last.clone_from(&answer);
        answer.unwrap_or_else(|| {
            self.surprises.push(format!("{name} was called and has no answer"));
            Answer::raw(501, "")
        })
    }
}

fn whole(response: Response<Bytes>) -> Response<Body> {
    response.map(|body| http_body_util::Full::new(body).map_err(|never| match never {}).boxed())
}

fn cut_off(response: Response<Bytes>) -> Response<Body> {
    response.map(|body| {
        let data = stream::once(async { Ok(Frame::data(body)) });
        let end = stream::once(async {
            // What has been said goes out before the connection goes down.
            tokio::task::yield_now().await;
            Err(io::Error::other("cut off"))
        });
        BodyExt::boxed(StreamBody::new(Box::pin(data.chain(end))))
    })
}
