//! A deployment target: the request becomes a stream of its runner's tunnel.
//!
//! Everything that crosses here is the platform's own: a request or an answer that is made anew costs more than all that
//! is decided about it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use js_sys::Promise;
use patr_models::{
    ids::{DeploymentId, RunnerId},
    internal::{
        OPEN_HEADER, PARKED_HEADER, REQUEST_ID_HEADER, TIMEOUT_HEADER, TROUBLE_HEADER, TunnelTrouble,
        WAIT_HEADER,
    },
    managed_url::Share,
    time::Millis,
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
    attempts::Attempts,
    balance::{self, Draws},
    forward::{ambiguous, ask_for_encodings, ask_for_websocket, octets, onward, wants_websocket},
    pages::{Page, anew, page},
    upload::Upload,
    via::Via,
};
use crate::{answer::Fault, ctx::Ctx, env, platform};

/// The longest body that is read before it is handed on, in bytes, so that another lane can be tried with it.
const HELD_MAX: usize = 64 * 1024;

/// Which replicas a request is for, and how they are reached.
pub(crate) struct To<'a> {
    pub(crate) deployment: DeploymentId,
    pub(crate) port: u16,
    pub(crate) lanes: u8,
    pub(crate) runners: &'a [Share],
}

/// How long an answer is waited for.
#[derive(Clone, Copy)]
struct Patience {
    /// When it has to have begun.
    until: Option<Millis>,
    /// Whether a runner that is away is waited for.
    waits: bool,
}

const PATIENT: Patience = Patience { until: None, waits: true };

/// What came of opening a stream.
pub(crate) enum Opened<R = Response> {
    Answer(R),
    Trouble(TunnelTrouble),
}

/// Has a request answered by a replica. `waits` says whether a runner that is away is waited for.
pub(super) async fn serve(
    ctx: &Ctx,
    request: &Request,
    address: &Address,
    via: &Via<'_>,
    to: &To<'_>,
    html: bool,
    waits: bool,
) -> Result<web_sys::Response, Fault> {
    let (method, from) = (request.method(), Headers(request.headers()));
    if let Some(problem) = ambiguous(&from, address)? {
        return Ok(page(ctx, html, Page::BadRequest(problem))?.into());
    }
    let mut headers = onward(&from, address, ctx.request)?;
    via.adapt(&mut headers);
    let upload = Upload::of(request, via.largest_body())?;
    let ask = if wants_websocket(&method, &from)? {
        ask_for_websocket(&mut headers);
        Ask::Upgrade
    } else {
        Ask::of(request, &upload, &method, &from).await?
    };
    if matches!(ask, Ask::Head) {
        ctx.tally.sends(0);
    }
    ask_for_encodings(&mut headers, platform::cf(request, "clientAcceptEncoding"));
    let headers = headers.into_iter().map(|(name, value)| (name, octets(value))).collect();
    let again = is_asked_again(&method) && !ask.has_body();
    let first = (ctx.now.0 % u64::from(to.lanes.max(1))) as u8;
    let runners = in_order(ctx, to, again)?;
    if runners.is_empty() {
        return Ok(page(ctx, html, Page::Trouble(TunnelTrouble::NoReplica))?.into());
    }
    let attempts = Attempts::new(runners.len(), first, ask.is_single(), again);
    let asked = Asked { runners: &runners, balanced: (runners.len() > 1).then_some(to.deployment) };
    let target = via.target(address);
    let open = OpenRequest::Http { deployment: to.deployment, port: to.port, method, target, headers };
    let patience = Patience { until: via.timeout().map(|timeout| ctx.now + timeout), waits };
    let opened = attempt(ctx, asked, &open, &ask, attempts, patience).await?;
    if let Some(limit) = upload.overrun() {
        return Ok(page(ctx, html, Page::TooLarge(limit))?.into());
    }
    match opened {
        Opened::Answer(response) => Ok(response),
        Opened::Trouble(trouble) => Ok(page(ctx, html, Page::Trouble(trouble))?.into()),
    }
}

/// The runners, in the order in which they are asked. Most often there is one, and nothing to decide.
fn in_order(ctx: &Ctx, to: &To<'_>, may_fail: bool) -> Result<Vec<RunnerId>, Fault> {
    if let [only] = to.runners {
        return Ok(vec![only.runner]);
    }
    let draws = Draws::new(u64::from_le_bytes(env::random()?));
    Ok(balance::with(|seen| seen.order(to.deployment, to.runners, ctx.now, draws, may_fail)))
}

/// Opens a stream on a lane of a runner, or on the next one if that is down. A lane that is down says so before it reads the
/// body; but a body can be handed over only once, so a request that has one is not tried twice.
pub(crate) async fn open(
    ctx: &Ctx,
    runner: RunnerId,
    first: u8,
    request: &OpenRequest,
    body: Option<JsValue>,
) -> Result<Opened, Fault> {
    let ask = body.map_or(Ask::Get, Ask::Streamed);
    let attempts = Attempts::new(1, first, ask.is_single(), false);
    attempt(ctx, Asked::only(&runner), request, &ask, attempts, PATIENT).await.map(Opened::wrapped)
}

/// Opens a stream that goes on as messages both ways: the answer is a 101 with the WebSocket, to be returned to the
/// client as it is, or what was answered instead of it. Tried once more only where no agent has heard of it.
pub(crate) async fn upgrade(
    ctx: &Ctx,
    runner: RunnerId,
    first: u8,
    request: &OpenRequest,
) -> Result<Opened, Fault> {
    let attempts = Attempts::new(1, first, false, false);
    attempt(ctx, Asked::only(&runner), request, &Ask::Upgrade, attempts, PATIENT).await.map(Opened::wrapped)
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
    async fn of(request: &Request, upload: &Upload, method: &str, headers: &Headers) -> worker::Result<Self> {
        // What comes with a HEAD means nothing (RFC 9110, 9.3.2).
        if method == "HEAD" {
            return Ok(Self::Head);
        }
        let Some(body) = upload.body() else { return Ok(Self::Get) };
        let length = headers.get("content-length")?.and_then(|length| length.parse::<usize>().ok());
        if length.is_some_and(|length| length <= HELD_MAX) {
            return Ok(Self::Whole(JsFuture::from(request.array_buffer()?).await?));
        }
        Ok(Self::Streamed(body.clone().into()))
    }

    fn has_body(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Streamed(_))
    }

    fn is_single(&self) -> bool {
        matches!(self, Self::Streamed(_))
    }

    fn init(
        &self,
        open: &str,
        id: &str,
        may_wait: bool,
        until: Option<Millis>,
    ) -> worker::Result<RequestInit> {
        let (init, headers) = (RequestInit::new(), web_sys::Headers::new()?);
        headers.set(OPEN_HEADER, open)?;
        headers.set(REQUEST_ID_HEADER, id)?;
        if let Some(until) = until {
            headers.set(TIMEOUT_HEADER, &until.since(env::now()).as_millis().to_string())?;
        }
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

/// Whom a stream is asked of.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// In the order in which they are tried.
    runners: &'a [RunnerId],
    /// The deployment for which is remembered what came of it.
    balanced: Option<DeploymentId>,
}

impl<'a> Asked<'a> {
    fn only(runner: &'a RunnerId) -> Self {
        Self { runners: std::slice::from_ref(runner), balanced: None }
    }

    fn answered(&self, runner: RunnerId, began: Millis) {
        if let Some(deployment) = self.balanced {
            let took = Duration::from_millis(env::now().0.saturating_sub(began.0));
            balance::with(|seen| seen.answered(deployment, runner, took));
        }
    }

    fn failed(&self, runner: RunnerId, trouble: TunnelTrouble) {
        let is_down =
            matches!(trouble, TunnelTrouble::LaneDown | TunnelTrouble::Lost | TunnelTrouble::NoReplica);
        if let Some(deployment) = self.balanced.filter(|_| is_down) {
            balance::with(|seen| seen.failed(deployment, runner, env::now()));
        }
    }
}

async fn attempt(
    ctx: &Ctx,
    asked: Asked<'_>,
    open: &OpenRequest,
    ask: &Ask,
    mut attempts: Attempts,
    patience: Patience,
) -> Result<Opened<web_sys::Response>, Fault> {
    let open = URL_SAFE_NO_PAD.encode(serde_json::to_vec(open)?);
    let id = ctx.request.to_string();
    loop {
        let tried = attempts.current();
        let (runner, may_wait) = (asked.runners[tried.runner], tried.may_wait && patience.waits);
        let (init, began) = (ask.init(&open, &id, may_wait, patience.until)?, env::now());
        ctx.tally.tries(tried.lane);
        let object = ctx.runners.lane(runner, tried.lane)?.into_rpc::<Lane>();
        let trouble = match answer(&object, &init).await {
            Ok(response) => {
                let response = if may_wait { parked(ctx, response)? } else { response };
                let trouble = response.headers().get(TROUBLE_HEADER).map_err(Error::from)?;
                match trouble.as_deref().and_then(TunnelTrouble::from_header) {
                    Some(trouble) => trouble,
                    None => {
                        asked.answered(runner, began);
                        return Ok(Opened::Answer(response));
                    }
                }
            }
            // The object was moved, or its script replaced, while it held the request.
            Err(error) => {
                platform::log(format_args!("{}: lane {} of {runner}: {error}", ctx.request, tried.lane));
                TunnelTrouble::Lost
            }
        };
        let goes_on = attempts.go_on(trouble);
        let next = attempts.current();
        // Another lane of the same runner may be up.
        if trouble != TunnelTrouble::LaneDown || next.runner != tried.runner || next.may_wait {
            asked.failed(runner, trouble);
        }
        if !goes_on {
            return Ok(Opened::Trouble(trouble));
        }
    }
}

/// Notes that a request has waited, and keeps that from the client.
fn parked(ctx: &Ctx, response: web_sys::Response) -> worker::Result<web_sys::Response> {
    if !response.headers().has(PARKED_HEADER)? {
        return Ok(response);
    }
    ctx.tally.waits();
    let response = anew(&response)?;
    response.headers().delete(PARKED_HEADER)?;
    Ok(response)
}

async fn answer(object: &Lane, init: &RequestInit) -> worker::Result<web_sys::Response> {
    let response = JsFuture::from(object.fetch("http://tunnel", init)?).await?;
    Ok(response.unchecked_into())
}
