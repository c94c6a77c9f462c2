//! `/device` of the control host: whoever is logged in there compares the code of a device, and lets it in or not.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, request::Parts};
use patr_models::{device::UserCode, ids::UserId};

use super::{PATH, hash};
use crate::{
    answer::Fault,
    auth::Person,
    ctx::{Audited, Ctx},
    db::{
        DbError,
        device::{self, Row, State},
        users,
    },
    pages::{self, Page, escape, log_in_url, problem, see_other},
};

/// Codes that nobody has, typed by one person within [`GUESS_WINDOW`], before no more are looked at. A person who mistypes
/// does so a few times; of the 2^34 codes this makes 1,000 guesses a day.
const GUESSES_MAX: u64 = 10;
const GUESS_WINDOW: Duration = Duration::from_secs(15 * 60);

/// In the audit log.
const APPROVED: &str = "ApproveDevice";
const DENIED: &str = "DenyDevice";

/// What the form was sent with, or the address.
#[derive(Default)]
struct Fields {
    user_code: String,
    approve: Option<bool>,
}

impl Fields {
    fn read(text: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in url::form_urlencoded::parse(text) {
            match &*name {
                "user_code" => fields.user_code = value.into_owned(),
                "decision" => fields.approve = Some(value == "approve"),
                _ => {}
            }
        }
        fields
    }
}

/// Asks for a code, or shows what asks with it.
pub(crate) async fn show(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    let Some(person) = pages::person(ctx, &parts.headers).await? else {
        let here = parts.uri.path_and_query().map_or(PATH, |here| here.as_str());
        return see_other(&log_in_url(here), None);
    };
    let fields = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
    if fields.user_code.is_empty() { ask(ctx, None) } else { compare(ctx, &person, &fields.user_code).await }
}

/// Lets a device in, or refuses it. The form has come from our own page.
pub(crate) async fn submit(ctx: &Ctx, headers: &HeaderMap, body: &[u8]) -> Result<Response<Bytes>, Fault> {
    let Some(person) = pages::person(ctx, headers).await? else { return see_other(&log_in_url(PATH), None) };
    let fields = Fields::read(body);
    match fields.approve {
        None => compare(ctx, &person, &fields.user_code).await,
        Some(approve) => decide(ctx, &person, &fields.user_code, approve).await,
    }
}

/// Asks for the code.
fn ask(ctx: &Ctx, wrong: Option<&str>) -> Result<Response<Bytes>, Fault> {
    let body = format!(
        "<h1>Let a device in</h1><p>Type the code that your device shows.</p>{}<form method=get action=\"{PATH}\">\
         <label>Code<input name=user_code autocomplete=off autocapitalize=characters spellcheck=false \
         maxlength=12 required autofocus></label><button>Continue</button></form>",
        problem(wrong)
    );
    Page { title: "Let a device in", body, ..Page::default() }.respond(ctx, StatusCode::OK)
}

/// Shows what asks, so that nobody lets in what somebody else has begun.
async fn compare(ctx: &Ctx, person: &Person, typed: &str) -> Result<Response<Bytes>, Fault> {
    let (code, row) = match find(ctx, person.user, typed).await? {
        Found::Row(code, row) => (code, row),
        Found::Nothing => {
            return ask(ctx, Some("There is no such code, or not any more. Begin anew on the device."));
        }
        Found::TooMany => return too_many(ctx),
    };
    let who: Option<users::Row> = ctx.db.optional(users::by_id(person.user)).await?;
    let who = who.map(|who| who.email.to_string()).unwrap_or_default();
    let device = row.device.filter(|device| !device.is_empty());
    let minutes = ctx.now.since(row.created_at).as_secs() / 60;
    let body = format!(
        "<h1>Let a device in?</h1><p>Does your device show this code?</p><p class=code><strong>{code}</strong></p>\
         <dl><dt>Device</dt><dd>{}</dd><dt>Asked</dt><dd>{}</dd><dt>You are</dt><dd>{}</dd></dl>\
         <p>Whoever has this device can then do everything that you can. If you did not begin this yourself just now, \
         refuse.</p><form method=post action=\"{PATH}\"><input type=hidden name=user_code value=\"{code}\">\
         <button name=decision value=approve>Let it in</button> \
         <button class=second name=decision value=deny>Refuse</button></form>",
        escape(device.as_deref().unwrap_or("it does not say")),
        if minutes == 0 { "just now".to_owned() } else { format!("{minutes} min ago") },
        escape(&who),
    );
    Page { title: "Let a device in?", body, person: Some(&who), ..Page::default() }
        .respond(ctx, StatusCode::OK)
}

async fn decide(ctx: &Ctx, person: &Person, typed: &str, approve: bool) -> Result<Response<Bytes>, Fault> {
    let gone = "There is no such code any more. Begin anew on the device.";
    let (code, row) = match find(ctx, person.user, typed).await? {
        Found::Row(code, row) => (code, row),
        Found::Nothing => return ask(ctx, Some(gone)),
        Found::TooMany => return too_many(ctx),
    };
    let (state, action) = if approve { (State::Approved, APPROVED) } else { (State::Denied, DENIED) };
    let hash = hash(&code);
    let device = row.device.unwrap_or_default();
    let what = Audited::new(action, person.user, &device);
    let statements = vec![device::undecided(&hash), device::decide(&hash, state, person.user)];
    match ctx.write(person, what, statements).await {
        Ok(()) if approve => said(ctx, StatusCode::OK, "It is in", "You can go back to your device."),
        Ok(()) => said(ctx, StatusCode::OK, "Refused", "The device is told so."),
        Err(DbError::Stale) => ask(ctx, Some(gone)),
        Err(error) => Err(error.into()),
    }
}

enum Found {
    Row(UserCode, Row),
    Nothing,
    TooMany,
}

/// Looks for a device by what somebody typed. It is counted before it is looked at, so that many guesses at once are not
/// more than many in a row.
async fn find(ctx: &Ctx, user: UserId, typed: &str) -> Result<Found, Fault> {
    let Ok(code) = typed.parse::<UserCode>() else { return Ok(Found::Nothing) };
    let since = ctx.now - GUESS_WINDOW;
    let counted: Option<device::Guess> =
        ctx.db.optional(device::guess(user, ctx.now, since, GUESSES_MAX)).await?;
    let Some(counted) = counted else { return Ok(Found::TooMany) };
    let Some(row) = ctx.db.optional(device::by_user_code(&hash(&code), ctx.now)).await? else {
        return Ok(Found::Nothing);
    };
    ctx.db.batch(vec![device::forget_guess(user, counted.at)]).await?;
    Ok(Found::Row(code, row))
}

fn too_many(ctx: &Ctx) -> Result<Response<Bytes>, Fault> {
    said(ctx, StatusCode::TOO_MANY_REQUESTS, "Too many codes", "Try again in a quarter of an hour.")
}

fn said(ctx: &Ctx, status: StatusCode, title: &str, text: &str) -> Result<Response<Bytes>, Fault> {
    let body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text));
    Page { title, body, ..Page::default() }.respond(ctx, status)
}
