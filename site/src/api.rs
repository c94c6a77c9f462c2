//! The API as functions. The browser sends the login's cookie along and says that it is a page of ours that asks: there is no
//! token here that could be stolen.

mod lines;
mod socket;

use bytes::Bytes;
use http::{Response, StatusCode};
use js_sys::Uint8Array;
use leptos::prelude::window;
use patr_models::{
    endpoint::{
        ApiEndpoint, Call, NoQuery, Reply,
        body::{Json, NoBody},
        client::{RequestError, ResponseError, from_http, into_http},
        headers::{ETag, IdempotencyKey, IfMatch, NoHeaders, Once},
    },
    page::{ListQuery, Page},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{browser, text::problem as words};

pub(crate) use lines::Lines;
pub(crate) use socket::{Heard, Socket, why_not};

/// Why a call has no answer, in words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// The request's, to quote when asking for help.
    pub(crate) id: Option<String>,
    /// Whether the same may work a moment later, so that an older answer is worth showing.
    pub(crate) is_passing: bool,
    /// Whether the API does not know of the thing.
    pub(crate) is_absent: bool,
}

impl Problem {
    /// Something that only has a sentence.
    pub(crate) fn saying(message: impl ToString) -> Self {
        Self { message: message.to_string(), hint: None, id: None, is_passing: false, is_absent: false }
    }

    fn unreachable() -> Self {
        Self {
            is_passing: true,
            hint: Some(words::UNREACHABLE_HINT.to_owned()),
            ..Self::saying(words::UNREACHABLE)
        }
    }
}

impl From<ResponseError> for Problem {
    fn from(error: ResponseError) -> Self {
        match error {
            ResponseError::Api { status, body } => Self {
                message: body.message,
                hint: body.hint,
                id: body.id.map(|id| id.to_string()),
                is_passing: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
                is_absent: status == StatusCode::NOT_FOUND,
            },
            ResponseError::Unexpected { .. } => Self { is_passing: true, ..Self::saying(error) },
        }
    }
}

/// Performs a call. Somebody whose login is over goes to log in, and comes back here.
pub(crate) async fn send<E: ApiEndpoint>(call: Call<E>) -> Result<Reply<E>, Problem> {
    let response = answer(into_http(&call, "", None)).await?;
    from_http::<E>(response).map_err(refusal)
}

/// The same for all endpoints: of what is generic there is one for each in what a browser loads.
async fn answer(request: Result<http::Request<Bytes>, RequestError>) -> Result<Response<Bytes>, Problem> {
    let answer = exchange(request.map_err(Problem::saying)?, None).await?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(answer.status()).map_err(Problem::saying)?;
    if let Some(tag) = answer.headers().get("etag").ok().flatten().and_then(|tag| tag.parse().ok()) {
        response.headers_mut().insert(http::header::ETAG, tag);
    }
    let buffer = answer.array_buffer().map_err(|_| Problem::unreachable())?;
    let buffer = JsFuture::from(buffer).await.map_err(|_| Problem::unreachable())?;
    *response.body_mut() = Uint8Array::new(&buffer).to_vec().into();
    Ok(response)
}

fn refusal(error: ResponseError) -> Problem {
    if error.is("unauthenticated") {
        browser::leave_for(&format!("/login?next={}", js_sys::encode_uri_component(&browser::here())));
    }
    error.into()
}

/// Sends a request; `signal` breaks it off.
async fn exchange(
    request: http::Request<Bytes>,
    signal: Option<&web_sys::AbortSignal>,
) -> Result<web_sys::Response, Problem> {
    let init = web_sys::RequestInit::new();
    init.set_method(request.method().as_str());
    init.set_signal(signal);
    let headers = web_sys::Headers::new().map_err(|_| Problem::unreachable())?;
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(Problem::saying)?;
        headers.set(name.as_str(), value).map_err(|_| Problem::unreachable())?;
    }
    init.set_headers(&headers);
    if !request.body().is_empty() {
        init.set_body(&Uint8Array::from(request.body().as_ref()));
    }
    let sent = window().fetch_with_str_and_init(&request.uri().to_string(), &init);
    let answer = JsFuture::from(sent).await.map_err(|_| Problem::unreachable())?;
    answer.dyn_into::<web_sys::Response>().map_err(|_: JsValue| Problem::unreachable())
}

/// A page of this host, as text.
pub(crate) async fn text(path: &str) -> Result<String, Problem> {
    let request = http::Request::get(path).body(Bytes::new()).map_err(Problem::saying)?;
    let answer = exchange(request, None).await?;
    let text = answer.text().map_err(|_| Problem::unreachable())?;
    let text = JsFuture::from(text).await.map_err(|_| Problem::unreachable())?;
    if answer.ok() { Ok(text.as_string().unwrap_or_default()) } else { Err(Problem::unreachable()) }
}

/// What a `GET` of one thing answers.
pub(crate) async fn get<E, T>(path: E::Path) -> Result<T, Problem>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<T>>,
{
    let call = Call::<E> { path, query: NoQuery {}, headers: NoHeaders, body: NoBody };
    Ok(send(call).await?.body.0)
}

/// The same with a query.
pub(crate) async fn query<E, T>(path: E::Path, query: E::Query) -> Result<T, Problem>
where
    E: ApiEndpoint<RequestHeaders = NoHeaders, Request = NoBody, Response = Json<T>>,
{
    let call = Call::<E> { path, query, headers: NoHeaders, body: NoBody };
    Ok(send(call).await?.body.0)
}

/// How many of a list to ask for at once.
const PAGE: u16 = 100;

/// So many pages of a list.
pub(crate) async fn list<E, T>(path: E::Path, name: &str, pages: usize) -> Result<Page<T>, Problem>
where
    E: ApiEndpoint<Query = ListQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<Page<T>>>,
    E::Path: Clone,
{
    let name = (!name.is_empty()).then(|| name.to_owned());
    let mut all = Page { items: Vec::new(), next: None };
    for _ in 0..pages {
        let asked = ListQuery { limit: Some(PAGE), cursor: all.next.take(), name: name.clone() };
        let page: Page<T> = query::<E, _>(path.clone(), asked).await?;
        all.items.extend(page.items);
        all.next = page.next;
        if all.next.is_none() {
            break;
        }
    }
    Ok(all)
}

/// Makes something, once, however often it is sent.
pub(crate) async fn create<E, B>(path: E::Path, body: B) -> Result<E::Response, Problem>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = Once, Request = Json<B>>,
{
    make::<E>(path, Json(body)).await
}

/// The same, of whatever body.
pub(crate) async fn make<E>(path: E::Path, body: E::Request) -> Result<E::Response, Problem>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = Once>,
{
    let call = Call::<E> { path, query: NoQuery {}, headers: Once { key: key() }, body };
    Ok(send(call).await?.body)
}

/// Where the browser itself gets an answer, such as a file to keep.
pub(crate) fn address<E>(path: E::Path, query: E::Query) -> Result<String, Problem>
where
    E: ApiEndpoint<RequestHeaders = NoHeaders, Request = NoBody>,
{
    let call = Call::<E> { path, query, headers: NoHeaders, body: NoBody };
    into_http(&call, "", None).map(|request| request.uri().to_string()).map_err(Problem::saying)
}

/// Changes something whatever it has become.
pub(crate) async fn change<E>(path: E::Path, body: E::Request) -> Result<E::Response, Problem>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
{
    let headers = IfMatch { if_match: None, key: key() };
    Ok(send(Call::<E> { path, query: NoQuery {}, headers, body }).await?.body)
}

/// Changes something only if it is still what it was at this generation.
pub(crate) async fn change_from<E>(
    generation: u64,
    path: E::Path,
    body: E::Request,
) -> Result<E::Response, Problem>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
{
    let headers = IfMatch { if_match: Some(ETag::of(generation)), key: key() };
    Ok(send(Call::<E> { path, query: NoQuery {}, headers, body }).await?.body)
}

/// A call that takes no headers.
pub(crate) async fn call<E>(path: E::Path, body: E::Request) -> Result<E::Response, Problem>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders>,
{
    Ok(send(Call::<E> { path, query: NoQuery {}, headers: NoHeaders, body }).await?.body)
}

/// A key that nobody else uses. Without randomness there is none, and the call is sent without.
fn key() -> Option<IdempotencyKey> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().parse().ok()
}
