//! A deployment target: the request becomes a stream of its runner's tunnel.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_models::{
    ids::{DeploymentId, RunnerId},
    internal::{OPEN_HEADER, TROUBLE_HEADER, TunnelTrouble},
    limits::TUNNEL_LANES,
    wire::OpenRequest,
};
use wasm_bindgen::JsValue;
use worker::{Headers, Method, Request, RequestInit, Response};

use super::{
    forward::{ambiguous, onward},
    pages::{Page, page},
};
use crate::{answer::Fault, ctx::Ctx};

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
    if request.headers().get("upgrade")?.is_some() {
        return Ok(page(ctx, html, Page::NoUpgrade)?);
    }
    let url = request.url()?;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let open_request = OpenRequest::Http {
        deployment: to.deployment,
        port: to.port,
        method: request.method().to_string(),
        target,
        headers: onward(&request)?,
    };
    let body = request.inner().body().map(JsValue::from);
    let first = (ctx.now.0 % u64::from(to.lanes.max(1))) as u8;
    match open(ctx, to.runner, first, &open_request, body).await? {
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
    let encoded = URL_SAFE_NO_PAD.encode(serde_json::to_vec(request)?);
    let tries = if body.is_some() { 1 } else { TUNNEL_LANES };
    let mut trouble = TunnelTrouble::LaneDown;
    for at in 0..tries {
        let lane = (first + at) % TUNNEL_LANES;
        let headers = Headers::new();
        headers.set(OPEN_HEADER, &encoded)?;
        let mut init = RequestInit::new();
        let method = if body.is_some() { Method::Post } else { Method::Get };
        init.with_method(method).with_headers(headers).with_body(body.clone());
        let request = Request::new_with_init("http://tunnel", &init)?;
        let response = ctx.runners.lane(runner, lane)?.fetch_with_request(request).await?;
        let found = response.headers().get(TROUBLE_HEADER)?;
        match found.as_deref().and_then(TunnelTrouble::from_header) {
            None => return Ok(Opened::Answer(response)),
            Some(found) => trouble = found,
        }
        if trouble != TunnelTrouble::LaneDown {
            break;
        }
    }
    Ok(Opened::Trouble(trouble))
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
