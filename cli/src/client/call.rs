//! Calls of the usual shapes, and lists over their pages.

use patr_models::{
    endpoint::{
        ApiEndpoint, Call, NoQuery,
        body::{Json, NoBody},
        headers::{IdempotencyKey, IfMatch, NoHeaders, Once},
    },
    page::{ListQuery, MAX_LIMIT, Page},
};

use super::{CallError, Client};

/// A call with nothing but its path.
pub(crate) fn plain<E>(path: E::Path) -> Call<E>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders, Request = NoBody>,
{
    Call { path, query: NoQuery {}, headers: NoHeaders, body: NoBody }
}

/// A call with a JSON body.
pub(crate) fn with_body<E, B>(path: E::Path, body: B) -> Call<E>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders, Request = Json<B>>,
{
    Call { path, query: NoQuery {}, headers: NoHeaders, body: Json(body) }
}

/// A call that makes something, once, however often it is sent.
pub(crate) fn creating<E, B>(path: E::Path, body: B) -> Call<E>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = Once, Request = Json<B>>,
{
    Call { path, query: NoQuery {}, headers: Once { key: new_key() }, body: Json(body) }
}

/// A call that changes something whatever it has become, once, however often it is sent.
pub(crate) fn changing<E>(path: E::Path, body: E::Request) -> Call<E>
where
    E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
{
    Call { path, query: NoQuery {}, headers: IfMatch { if_match: None, key: new_key() }, body }
}

/// A key that nobody else uses. Without randomness there is none, and the call is sent without.
pub(crate) fn new_key() -> Option<IdempotencyKey> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.parse().ok()
}

/// Reads pages of a list until `most` items are there or the list ends.
pub(crate) async fn list<E, T>(
    client: &Client,
    path: E::Path,
    query: ListQuery,
    most: usize,
) -> Result<Page<T>, CallError>
where
    E: ApiEndpoint<Query = ListQuery, RequestHeaders = NoHeaders, Request = NoBody, Response = Json<Page<T>>>,
    E::Path: Clone,
{
    let mut all = Page { items: Vec::new(), next: query.cursor.clone() };
    loop {
        let limit = u16::try_from(most - all.items.len()).unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
        let query = ListQuery { limit: Some(limit), cursor: all.next.take(), name: query.name.clone() };
        let call = Call::<E> { path: path.clone(), query, headers: NoHeaders, body: NoBody };
        let Json(page) = client.call(call).await?.body;
        all.items.extend(page.items);
        all.next = page.next;
        if all.next.is_none() || all.items.len() >= most {
            return Ok(all);
        }
    }
}
