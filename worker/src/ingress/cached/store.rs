//! The platform's cache. It keeps answers by their address for as long as they say, and knows nothing more of what a shared
//! cache has to know: so they say there that they live for as long as they may be of use, and what is true is put beside.
//!
//! ```text
//!  address ──▶ answer
//!          └─▶ note: it depends on these fields ──address and their values──▶ answer
//! ```

use js_sys::{Promise, global};
use patr_models::time::Millis;
use wasm_bindgen::{JsCast, JsValue};
use worker::{
    Context, Headers,
    wasm_bindgen_futures::JsFuture,
    web_sys::{Cache, Request, RequestInit, Response, ResponseInit, WorkerGlobalScope},
};

use super::{asked::Asked, entry::Entry, key::Key};
use crate::{answer::Fault, ingress::pages::anew, platform};

/// Our own among the caches of the script.
const NAME: &str = "patr-urls";
/// The [`Entry`] of an answer or a note, as JSON.
const ENTRY: &str = "patr-kept";
/// Fields that the platform would act on. They are kept under names of ours.
const SET_ASIDE: [&str; 2] = ["cache-control", "vary"];
/// How long a note is kept, in seconds: without it nothing that it leads to is found.
const NOTE: u64 = 30 * 24 * 3600;

/// What is found for a request.
#[derive(Default)]
pub(super) struct Found {
    pub(super) kept: Option<Kept>,
    pub(super) note: Option<Note>,
}

/// Says which fields the answers of an address depend on.
pub(super) struct Note {
    /// What is kept under an older note is not found any more.
    since: Millis,
    vary: Vec<String>,
}

/// An answer that was kept.
pub(super) struct Kept {
    pub(super) entry: Entry,
    response: Response,
}

/// What is kept for a request. A cache that fails has nothing.
pub(super) async fn find(key: &Key<'_>, asked: &Asked<'_>) -> Found {
    look_up(key, asked).await.unwrap_or_else(|fault| {
        platform::log(format_args!("what is kept cannot be looked for: {fault}"));
        Found::default()
    })
}

async fn look_up(key: &Key<'_>, asked: &Asked<'_>) -> Result<Found, Fault> {
    let cache = open().await?;
    let Some(first) = get(&cache, &key.primary(), None).await? else { return Ok(Found::default()) };
    if first.entry.vary.is_empty() {
        return Ok(Found { kept: part(&cache, &key.primary(), asked, first).await?, note: None });
    }
    let note = Note { since: first.entry.at, vary: first.entry.vary };
    let variant = key.variant(note.since.0, &note.vary);
    let kept = match get(&cache, &variant, None).await? {
        Some(kept) => part(&cache, &variant, asked, kept).await?,
        None => None,
    };
    Ok(Found { kept, note: Some(note) })
}

/// The part of an answer that is asked for: the platform cuts it out.
async fn part(cache: &Cache, key: &str, asked: &Asked<'_>, whole: Kept) -> Result<Option<Kept>, Fault> {
    match asked.range() {
        Some(range) if whole.response.status() == 200 => get(cache, key, Some(&range)).await,
        _ => Ok(Some(whole)),
    }
}

async fn get(cache: &Cache, key: &str, range: Option<&str>) -> Result<Option<Kept>, Fault> {
    let init = RequestInit::new();
    if let Some(range) = range {
        let headers = Headers::new();
        headers.set("range", range)?;
        init.set_headers(&headers.0);
    }
    let request = Request::new_with_str_and_init(key, &init).map_err(refused)?;
    let found = wait(cache.match_with_request(&request)).await?;
    let Ok(response) = found.dyn_into::<Response>() else { return Ok(None) };
    let entry = Headers(response.headers()).get(ENTRY)?.and_then(|entry| serde_json::from_str(&entry).ok());
    let Some(entry) = entry else { return Ok(None) };
    Ok(Some(Kept { entry, response: anew(&response)? }))
}

impl Kept {
    /// Its header fields as a client gets them; they can be changed.
    pub(super) fn headers(&self, now: Millis) -> Result<Headers, Fault> {
        let headers = Headers(self.response.headers());
        for name in SET_ASIDE {
            restore(&headers, name)?;
        }
        headers.delete(ENTRY)?;
        headers.delete("cf-cache-status")?;
        headers.set("age", &self.entry.age_at(now).to_string())?;
        Ok(headers)
    }

    /// The answer to a request: that it has not changed, if the client has it.
    pub(super) fn respond(self, asked: &Asked<'_>) -> Result<Response, Fault> {
        let headers = Headers(self.response.headers());
        if self.response.status() != 200 || !asked.has_already(&headers) {
            return Ok(self.response);
        }
        let init = ResponseInit::new();
        init.set_status(304);
        init.set_headers(&headers.0);
        Response::new_with_opt_str_and_init(None, &init).map_err(refused)
    }
}

/// Keeps an answer, which goes on its way meanwhile.
pub(super) fn keep(
    context: &Context,
    key: &Key<'_>,
    note: Option<&Note>,
    response: &Response,
    entry: &Entry,
) -> Result<(), Fault> {
    let answer = labelled(&response.clone().map_err(refused)?, entry, entry.kept_for())?;
    let puts = if entry.vary.is_empty() {
        vec![(key.primary(), answer)]
    } else {
        // Under a note that is there already, so that what is kept for other values is still found.
        let known = note.filter(|note| note.vary == entry.vary).map(|note| note.since);
        let entry = Entry { at: known.unwrap_or(entry.at), ..entry.clone() };
        let note = labelled(&Response::new_with_opt_str(Some("note")).map_err(refused)?, &entry, NOTE)?;
        vec![(key.variant(entry.at.0, &entry.vary), answer), (key.primary(), note)]
    };
    context.wait_until(async move {
        if let Err(fault) = put_all(puts).await {
            platform::log(format_args!("an answer is not kept: {fault}"));
        }
    });
    Ok(())
}

/// An answer as it is put into the cache.
fn labelled(response: &Response, entry: &Entry, seconds: u64) -> Result<Response, Fault> {
    let response = anew(response)?;
    let headers = Headers(response.headers());
    for name in SET_ASIDE {
        set_aside(&headers, name)?;
    }
    headers.delete("age")?;
    headers.set("cache-control", &format!("public, max-age={seconds}"))?;
    headers.set(ENTRY, &serde_json::to_string(entry)?)?;
    Ok(response)
}

async fn put_all(puts: Vec<(String, Response)>) -> Result<(), Fault> {
    let cache = open().await?;
    for (key, response) in puts {
        wait(cache.put_with_str(&key, &response)).await?;
    }
    Ok(())
}

/// Forgets what is kept of an address, whatever it depends on.
pub(super) async fn forget(key: &Key<'_>) {
    if let Err(fault) = delete(key).await {
        platform::log(format_args!("what is kept is not forgotten: {fault}"));
    }
}

async fn delete(key: &Key<'_>) -> Result<(), Fault> {
    wait(open().await?.delete_with_str(&key.primary())).await.map(drop)
}

fn set_aside(headers: &Headers, name: &str) -> Result<(), Fault> {
    if let Some(value) = headers.get(name)? {
        headers.set(&format!("{ENTRY}-{name}"), &value)?;
        headers.delete(name)?;
    }
    Ok(())
}

fn restore(headers: &Headers, name: &str) -> Result<(), Fault> {
    let aside = format!("{ENTRY}-{name}");
    match headers.get(&aside)? {
        Some(value) => headers.set(name, &value)?,
        None => headers.delete(name)?,
    }
    Ok(headers.delete(&aside)?)
}

async fn open() -> Result<Cache, Fault> {
    let caches = global().unchecked_into::<WorkerGlobalScope>().caches().map_err(refused)?;
    Ok(wait(caches.open(NAME)).await?.unchecked_into())
}

async fn wait(promise: Promise) -> Result<JsValue, Fault> {
    JsFuture::from(promise).await.map_err(refused)
}

fn refused(error: JsValue) -> Fault {
    Fault::new(worker::Error::from(error))
}
