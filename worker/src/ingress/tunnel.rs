//! A deployment target: the request becomes a stream of its runner's tunnel.
//!
//! Everything that crosses here is the platform's own: a request or an answer that is made anew costs more than all that
//! is decided about it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use js_sys::Promise;
use patr_models::{
    ids::{DeploymentId, RunnerId},
    internal::{OPEN_HEADER, TROUBLE_HEADER, TunnelTrouble, WAIT_HEADER},
    wire::{OpenRequest, is_asked_again},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    Error, Headers, Response,
    wasm_bindgen_futures::JsFuture,
    web_sys::{self, Request, RequestInit, RequestRedirect},
};

use super::{
    address::Address,
    attempts::{Attempt, Attempts},
    forward::{ambiguous, ask_for_encodings, ask_for_websocket, octets, onward, wants_websocket},
    pages::{Page, page},
};
use crate::{answer::Fault, ctx::Ctx, platform};

/// The longest body that is read before it is handed on, in bytes, so that another lane can be tried with it.
const HELD_MAX: usize = 64 * 1024;

/// Which replicas a request is for, and how they are reached.
pub(crate) struct To {
    pub(crate) deployment: DeploymentId,
    pub(crate) runner: RunnerId,
    pub(crate) port: u16,
    pub(crate) lanes: u8,
}

/// What came of opening a stream.
pub(crate) enum Opened<R = Response> {
    Answer(R),
    Trouble(TunnelTrouble),
}

pub(crate) async fn serve(
    ctx: &Ctx,
    request: &Request,
    address: &Address,
    to: &To,
    html: bool,
) -> Result<web_sys::Response, Fault> {
    let (method, from) = (request.method(), Headers(request.headers()));
    if let Some(problem) = ambiguous(&from, address)? {
        return Ok(page(ctx, html, Page::BadRequest(problem))?.into());
    }
    let mut headers = onward(&from, address)?;
    let ask = if wants_websocket(&method, &from)? {
        ask_for_websocket(&mut headers);
        Ask::Upgrade
    } else {
        Ask::of(request, &method, &from).await?
    };
    ask_for_encodings(&mut headers, platform::cf(request, "clientAcceptEncoding"));
    let headers = headers.into_iter().map(|(name, value)| (name, octets(value))).collect();
    let again = is_asked_again(&method) && !ask.has_body();
    let first = (ctx.now.0 % u64::from(to.lanes.max(1))) as u8;
    let attempts = Attempts::new(first, ask.is_single(), again);
    let target = address.target().to_owned();
    let open = OpenRequest::Http { deployment: to.deployment, port: to.port, method, target, headers };
    match attempt(ctx, to.runner, &open, &ask, attempts).await? {
        Opened::Answer(response) => Ok(response),
        Opened::Trouble(trouble) => Ok(page(ctx, html, Page::Trouble(trouble))?.into()),
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
    let ask = body.map_or(Ask::Get, Ask::Streamed);
    attempt(ctx, runner, request, &ask, Attempts::new(first, ask.is_single(), false))
        .await
        .map(Opened::wrapped)
}

/// Opens a stream that goes on as messages both ways: the answer is a 101 with the WebSocket, to be returned to the
/// client as it is, or what was answered instead of it. Tried once more only where no agent has heard of it.
pub(crate) async fn upgrade(
    ctx: &Ctx,
    runner: RunnerId,
    first: u8,
    request: &OpenRequest,
) -> Result<Opened, Fault> {
    attempt(ctx, runner, request, &Ask::Upgrade, Attempts::new(first, false, false))
        .await
        .map(Opened::wrapped)
}

impl Opened<web_sys::Response> {
    /// For those who look into the answer.
    fn wrapped(self) -> Opened {
        match self {
            Self::Answer(response) => Opened::Answer(response.into()),
            Self::Trouble(trouble) => Opened::Trouble(trouble),
        }
    }
}

/// How a lane's object is asked. What opens the stream goes in a header, so that the object need not read it.
enum Ask {
    Get,
    /// Only the head of the answer is wanted.
    Head,
    Upgrade,
    /// With a body that can be handed over again.
    Whole(JsValue),
    /// With a body that can be handed over only once.
    Streamed(JsValue),
}

impl Ask {
    async fn of(request: &Request, method: &str, headers: &Headers) -> worker::Result<Self> {
        // What comes with a HEAD means nothing (RFC 9110, 9.3.2).
        if method == "HEAD" {
            return Ok(Self::Head);
        }
        let Some(body) = request.body() else { return Ok(Self::Get) };
        let length = headers.get("content-length")?.and_then(|length| length.parse::<usize>().ok());
        if length.is_some_and(|length| length <= HELD_MAX) {
            return Ok(Self::Whole(JsFuture::from(request.array_buffer()?).await?));
        }
        Ok(Self::Streamed(body.into()))
    }

    fn has_body(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Streamed(_))
    }

    fn is_single(&self) -> bool {
        matches!(self, Self::Streamed(_))
    }

    fn init(&self, open: &str, may_wait: bool) -> worker::Result<RequestInit> {
        let (init, headers) = (RequestInit::new(), web_sys::Headers::new()?);
        headers.set(OPEN_HEADER, open)?;
        if may_wait {
            headers.set(WAIT_HEADER, "1")?;
        }
        match self {
            Self::Get => {}
            Self::Head => init.set_method("HEAD"),
            Self::Upgrade => headers.set("upgrade", "websocket")?,
            Self::Whole(body) | Self::Streamed(body) => {
                init.set_method("POST");
                init.set_body(body);
            }
        }
        init.set_headers(&headers);
        // A redirect of the application is for its client: the platform would follow it, into the object again.
        init.set_redirect(RequestRedirect::Manual);
        Ok(init)
    }
}

#[wasm_bindgen]
extern "C" {
    /// A lane's object, asked without what `worker` reads of requests and answers.
    type Lane;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Lane, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

async fn attempt(
    ctx: &Ctx,
    runner: RunnerId,
    open: &OpenRequest,
    ask: &Ask,
    mut attempts: Attempts,
) -> Result<Opened<web_sys::Response>, Fault> {
    let open = URL_SAFE_NO_PAD.encode(serde_json::to_vec(open)?);
    loop {
        let Attempt { lane, may_wait } = attempts.current();
        let init = ask.init(&open, may_wait)?;
        let object = ctx.runners.lane(runner, lane)?.into_rpc::<Lane>();
        let trouble = match answer(&object, &init).await {
            Ok(response) => {
                let trouble = response.headers().get(TROUBLE_HEADER).map_err(Error::from)?;
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

async fn answer(object: &Lane, init: &RequestInit) -> worker::Result<web_sys::Response> {
    let response = JsFuture::from(object.fetch("http://tunnel", init)?).await?;
    Ok(response.unchecked_into())
}
