//! The little of the platform that `worker` does not wrap, and conversions.

use bytes::Bytes;
use http::Response as HttpResponse;
use js_sys::{Date, Function, Reflect, Uint8Array};
use patr_models::{
    endpoint::{ApiEndpoint, Reply, headers::NoHeaders, server},
    time::Millis,
};
use wasm_bindgen::{JsCast, JsValue};
use worker::{
    Env, Headers, Method, Request, RequestInit, Response, Result, WebSocket, worker_sys::DurableObjectState,
};

/// The edge's clock.
pub(crate) fn now() -> Millis {
    Millis(Date::now() as u64)
}

/// The installation's internal secret.
pub(crate) fn internal_secret(env: &Env) -> Result<String> {
    Ok(env.secret("INTERNAL_SECRET")?.to_string())
}

/// When the platform last answered a heartbeat of `socket` for us (`getWebSocketAutoResponseTimestamp`, which
/// `worker` does not wrap).
pub(crate) fn last_heartbeat(state: &DurableObjectState, socket: &WebSocket) -> Option<Millis> {
    let raw: &JsValue = state.as_ref();
    let function = Reflect::get(raw, &"getWebSocketAutoResponseTimestamp".into()).ok()?;
    let socket: &JsValue = AsRef::<worker::worker_sys::web_sys::WebSocket>::as_ref(socket).as_ref();
    let date = function.dyn_ref::<Function>()?.call1(raw, socket).ok()?;
    Some(Millis(date.dyn_ref::<Date>()?.get_time() as u64))
}

/// A request of ours as the platform's.
pub(crate) fn to_platform(request: http::Request<Bytes>) -> Result<Request> {
    let (parts, body) = request.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        headers.set(name.as_str(), value.to_str().map_err(|error| error.to_string())?)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(parts.method.as_str().to_owned())).with_headers(headers);
    if !body.is_empty() {
        init.with_body(Some(Uint8Array::from(body.as_ref()).into()));
    }
    Request::new_with_init(&parts.uri.to_string(), &init)
}

/// A response of the platform as ours, whole.
pub(crate) async fn from_platform(mut response: Response) -> Result<HttpResponse<Bytes>> {
    let mut builder = HttpResponse::builder().status(response.status_code());
    for (name, value) in response.headers().entries() {
        builder = builder.header(name, value);
    }
    builder.body(response.bytes().await?.into()).map_err(|error| error.to_string().into())
}

/// An answer to one of our own endpoints.
pub(crate) fn answer<E: ApiEndpoint<ResponseHeaders = NoHeaders>>(body: E::Response) -> Result<Response> {
    let (parts, body) = server::into_http::<E>(&Reply::new(body)).into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        headers.set(name.as_str(), value.to_str().map_err(|error| error.to_string())?)?;
    }
    let response = if body.is_empty() { Response::empty()? } else { Response::from_bytes(body.to_vec())? };
    Ok(response.with_status(parts.status.as_u16()).with_headers(headers))
}
