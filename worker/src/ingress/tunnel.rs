//! A deployment target: the request becomes a stream of its runner's tunnel.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_models::{
    ids::{DeploymentId, RunnerId},
    internal::{OPEN_HEADER, TROUBLE_HEADER, TunnelTrouble, WAIT_HEADER},
    wire::OpenRequest,
};
use wasm_bindgen::JsValue;
use worker::{Headers, Method, Request, RequestInit, Response};

use super::{
    attempts::{Attempt, Attempts},
    forward::{ambiguous, ask_for_websocket, onward, wants_websocket},
    pages::{Page, page},
};
use crate::{answer::Fault, ctx::Ctx, platform};

/// Which replicas a request is for, and how they are reached.
pub(crate) struct To {
    pub(crate) deployment: DeploymentId,
    pub(crate) runner: RunnerId,
    pub(crate) port: u16,
    pub(crate) lanes: u8,
}

/// What came of opening a stream.
pub(crate) enum Opened {
    Answer(Response),
    Trouble(TunnelTrouble),
}

pub(crate) async fn serve(ctx: &Ctx, request: Request, to: To, html: bool) -> Result<Response, Fault> {
    if let Some(problem) = ambiguous(&request)? {
        return Ok(page(ctx, html, Page::BadRequest(problem))?);
    }
    let url = request.url()?;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let method = request.method();
    let mut headers = onward(&request)?;
    let websocket = wants_websocket(&request)?;
    if websocket {
        ask_for_websocket(&mut headers);
    }
    let open_request = OpenRequest::Http {
        deployment: to.deployment,
        port: to.port,
        method: method.to_string(),
        target,
        headers,
    };
    let first = (ctx.now.0 % u64::from(to.lanes.max(1))) as u8;
    let repeatable = matches!(method, Method::Get | Method::Head | Method::Options);
    let ask = if websocket { Ask::Upgrade } else { Ask::of(&request) };
    let attempts = Attempts::new(first, ask.is_single(), repeatable);
    match attempt(ctx, to.runner, &open_request, &ask, attempts).await? {
        Opened::Answer(response) => Ok(response),
        Opened::Trouble(trouble) => Ok(page(ctx, html, Page::Trouble(trouble))?),
    }
}

/// Opens a stream on a lane, or on the next one if that is down. A lane that is down says so before it reads the
/// body; but a body can be handed over only once, so a request that has one is not tried twice.
pub(crate) async fn open(
    ctx: &Ctx,
    runner: RunnerId,
    first: u8,
    request: &OpenRequest,
    body: Option<JsValue>,
) -> Result<Opened, Fault> {
    let ask = body.map_or(Ask::Get, Ask::With);
    attempt(ctx, runner, request, &ask, Attempts::new(first, ask.is_single(), false)).await
}

/// Opens a stream that goes on as messages both ways: the answer is a 101 with the WebSocket, to be returned to the
/// client as it is, or what was answered instead of it. Tried once more only where no agent has heard of it.
#[expect(dead_code, reason = "commands in replicas are the first to need it")]
pub(crate) async fn upgrade(
    ctx: &Ctx,
    runner: RunnerId,
    first: u8,
    request: &OpenRequest,
) -> Result<Opened, Fault> {
    attempt(ctx, runner, request, &Ask::Upgrade, Attempts::new(first, false, false)).await
}

/// How a lane's object is asked. What opens the stream goes in a header, so that the object need not read it.
enum Ask {
    Get,
    /// Only the head of the answer is wanted.
    Head,
    Upgrade,
    With(JsValue),
}

impl Ask {
    fn of(request: &Request) -> Self {
        // What comes with a HEAD means nothing (RFC 9110, 9.3.2).
        if request.method() == Method::Head {
            return Self::Head;
        }
        request.inner().body().map_or(Self::Get, |body| Self::With(body.into()))
    }

    fn is_single(&self) -> bool {
        matches!(self, Self::With(_))
    }

    fn request(&self, open: &str, may_wait: bool) -> worker::Result<Request> {
        let headers = Headers::new();
        headers.set(OPEN_HEADER, open)?;
        if may_wait {
            headers.set(WAIT_HEADER, "1")?;
        }
        let mut init = RequestInit::new();
        match self {
            Self::Get => init.with_method(Method::Get),
            Self::Head => init.with_method(Method::Head),
            Self::Upgrade => {
                headers.set("upgrade", "websocket")?;
                init.with_method(Method::Get)
            }
            Self::With(body) => init.with_method(Method::Post).with_body(Some(body.clone())),
        };
        init.with_headers(headers);
        Request::new_with_init("http://tunnel", &init)
    }
}

async fn attempt(
    ctx: &Ctx,
    runner: RunnerId,
    open: &OpenRequest,
    ask: &Ask,
    mut attempts: Attempts,
) -> Result<Opened, Fault> {
    let open = URL_SAFE_NO_PAD.encode(serde_json::to_vec(open)?);
    loop {
        let Attempt { lane, may_wait } = attempts.current();
        let request = ask.request(&open, may_wait)?;
        let trouble = match ctx.runners.lane(runner, lane)?.fetch_with_request(request).await {
            Ok(response) => {
                let trouble = response.headers().get(TROUBLE_HEADER)?;
                match trouble.as_deref().and_then(TunnelTrouble::from_header) {
                    Some(trouble) => trouble,
                    None => return Ok(Opened::Answer(response)),
                }
            }
            // The object was moved, or its script replaced, while it held the request.
            Err(error) => {
                platform::log(format_args!("{}: lane {lane} of {runner}: {error}", ctx.request));
                TunnelTrouble::Lost
            }
        };
        if !attempts.go_on(trouble) {
            return Ok(Opened::Trouble(trouble));
        }
    }
}

/// Opens a stream that goes on as messages both ways: the answer is a 101 with the WebSocket, to be returned to the
/// client as it is, or what was answered instead of it.
pub(crate) async fn upgrade(
    ctx: &Ctx,
    runner: RunnerId,
    first: u8,
    request: &OpenRequest,
) -> Result<Opened, Fault> {
    let headers = Headers::new();
    headers.set(OPEN_HEADER, &URL_SAFE_NO_PAD.encode(serde_json::to_vec(request)?))?;
    headers.set("upgrade", "websocket")?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get).with_headers(headers);
    let request = Request::new_with_init("http://tunnel", &init)?;
    let response = ctx.runners.lane(runner, first)?.fetch_with_request(request).await?;
    let found = response.headers().get(TROUBLE_HEADER)?;
    Ok(match found.as_deref().and_then(TunnelTrouble::from_header) {
        None => Opened::Answer(response),
        Some(trouble) => Opened::Trouble(trouble),
    })
}
