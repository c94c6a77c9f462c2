//! `/login` and `/logout`.
//!
//! ```text
//! password ──▶ logged in
//!     └─ there is a second factor: a ticket says that the password was right ──▶ code or passkey ──▶ logged in
//! passkey ───▶ logged in
//! ```

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, request::Parts};
use patr_models::{ids::UserId, passkey::Assertion, user::log_out::LogOut};

use super::{
    Page,
    html::{escape, hidden, problem},
    log_in_url, next, person, see_other,
};
use crate::{
    answer::{Fault, Refused},
    auth::cookie,
    ctx::{Ctx, audited},
    db::{second_factors::Held, users},
    handlers::{passkeys, second_factor, users as log_ins},
    signed::Signer,
};

/// How long somebody may take between the password and the second factor.
const TICKET: Duration = Duration::from_secs(300);

/// What the form was sent with, or the address that leads to it.
#[derive(Debug, Default)]
struct Fields {
    next: String,
    email: String,
    password: String,
    ticket: String,
    code: String,
    passkey: String,
}

impl Fields {
    fn read(text: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in url::form_urlencoded::parse(text) {
            let field = match &*name {
                "next" => &mut fields.next,
                "email" => &mut fields.email,
                "password" => &mut fields.password,
                "ticket" => &mut fields.ticket,
                "code" => &mut fields.code,
                "passkey" => &mut fields.passkey,
                _ => continue,
            };
            *field = value.into_owned();
        }
        fields
    }
}

/// What became of what somebody gave.
enum Outcome {
    In(users::Row),
    /// The password was right, and more is wanted. With what was wrong about that, if it was given.
    More(users::Row, Held, Option<&'static str>),
    Out(&'static str),
}

pub(super) async fn show(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    let fields = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
    if person(ctx, &parts.headers).await?.is_some() {
        return see_other(next(&fields.next), None);
    }
    form(ctx, &fields, StatusCode::OK, None)
}

pub(super) async fn submit(ctx: &Ctx, body: &[u8]) -> Result<Response<Bytes>, Fault> {
    let fields = Fields::read(body);
    let outcome = match decide(ctx, &fields).await {
        Ok(outcome) => outcome,
        Err(Refused::Fault(fault)) => return Err(fault),
        Err(Refused::Common(_)) => {
            let problem = "Too many attempts. Try again in some minutes, or use a passkey.";
            return form(ctx, &fields, StatusCode::TOO_MANY_REQUESTS, Some(problem));
        }
    };
    match outcome {
        Outcome::In(row) => {
            let session = log_ins::let_in(ctx, &row).await?;
            let cookie = cookie::set(&ctx.settings, &session.token, log_ins::SESSION.as_secs());
            see_other(next(&fields.next), Some(&cookie))
        }
        Outcome::More(row, held, wrong) => second_form(ctx, &fields, &row, held, wrong),
        Outcome::Out(problem) => form(ctx, &fields, StatusCode::UNAUTHORIZED, Some(problem)),
    }
}

async fn decide(ctx: &Ctx, fields: &Fields) -> Result<Outcome, Refused> {
    if !fields.passkey.is_empty() {
        return by_passkey(ctx, &fields.passkey).await;
    }
    if !fields.ticket.is_empty() {
        return by_code(ctx, &fields.ticket, &fields.code).await;
    }
    const WRONG: Outcome = Outcome::Out("The address or the password is wrong.");
    let Ok(email) = fields.email.parse() else { return Ok(WRONG) };
    let Some(row) = log_ins::authenticate(ctx, &email, &fields.password).await? else { return Ok(WRONG) };
    let held = second_factor::held(ctx, row.id).await?;
    Ok(if held.any() { Outcome::More(row, held, None) } else { Outcome::In(row) })
}

async fn by_passkey(ctx: &Ctx, answer: &str) -> Result<Outcome, Refused> {
    const WRONG: Outcome = Outcome::Out("This passkey is not known here, or it took too long. Try again.");
    let Ok(assertion) = serde_json::from_str::<Assertion>(answer) else { return Ok(WRONG) };
    let Some(user) = passkeys::check(ctx, &assertion, None).await? else { return Ok(WRONG) };
    let row: Option<users::Row> = ctx.db.optional(users::by_id(user)).await?;
    Ok(row.map_or(WRONG, Outcome::In))
}

async fn by_code(ctx: &Ctx, ticket: &str, code: &str) -> Result<Outcome, Refused> {
    let Some(row) = read_ticket(ctx, ticket).await? else {
        return Ok(Outcome::Out("That took too long. Please begin again."));
    };
    log_ins::count_attempt(ctx, &row.email).await?;
    if second_factor::check_code(ctx, row.id, code).await? {
        return Ok(Outcome::In(row));
    }
    log_ins::failed(ctx, Some(row.id), &row.email, log_ins::WRONG_SECOND_FACTOR).await?;
    let held = second_factor::held(ctx, row.id).await?;
    Ok(Outcome::More(row, held, Some("That is not the code of now. Each is good once.")))
}

/// Signs tickets of somebody. They are worthless once the password is another.
fn ticket_signer(ctx: &Ctx, row: &users::Row) -> Signer {
    let purpose = format!("password was right\n{}\n{}", row.id, row.password_hash);
    Signer::new(&ctx.settings.internal_secret, &purpose)
}

fn ticket(ctx: &Ctx, row: &users::Row) -> Result<String, Fault> {
    Ok(format!("{}.{}", row.id, ticket_signer(ctx, row).issue(ctx.now, TICKET)?))
}

async fn read_ticket(ctx: &Ctx, ticket: &str) -> Result<Option<users::Row>, Refused> {
    let Some((id, text)) = ticket.split_once('.') else { return Ok(None) };
    let Ok(id) = id.parse::<UserId>() else { return Ok(None) };
    let row: Option<users::Row> = ctx.db.optional(users::by_id(id)).await?;
    Ok(row.filter(|row| ticket_signer(ctx, row).read(text, ctx.now).is_some()))
}

fn form(
    ctx: &Ctx,
    fields: &Fields,
    status: StatusCode,
    wrong: Option<&str>,
) -> Result<Response<Bytes>, Fault> {
    let reset = if ctx.settings.mail.is_some() {
        "<p><a href=\"/reset-password\">I do not know my password</a></p>"
    } else {
        ""
    };
    let body = format!(
        "<h1>Log in</h1>{}<form method=post action=\"/login\">{}\
         <label>E-mail<input type=email name=email autocomplete=username required autofocus value=\"{}\"></label>\
         <label>Password<input type=password name=password autocomplete=current-password required></label>\
         <button>Log in</button></form>{}{reset}\
         <p><a href=\"/sign-up\">I have no account yet</a></p>",
        problem(wrong),
        hidden("next", next(&fields.next)),
        escape(&fields.email),
        passkey_form(ctx, &fields.next, "Log in with a passkey")?,
    );
    Page { title: "Log in", body, ..Page::default() }.respond(ctx, status)
}

fn second_form(
    ctx: &Ctx,
    fields: &Fields,
    row: &users::Row,
    held: Held,
    wrong: Option<&str>,
) -> Result<Response<Bytes>, Fault> {
    let code = format!(
        "<form method=post action=\"/login\">{}{}\
         <label>Code of your authenticator app, or a recovery code<input name=code autocomplete=one-time-code \
         autocapitalize=none spellcheck=false required autofocus></label><button>Log in</button></form>",
        hidden("next", next(&fields.next)),
        hidden("ticket", &ticket(ctx, row)?),
    );
    let passkey =
        if held.passkeys > 0 { passkey_form(ctx, &fields.next, "Use a passkey")? } else { String::new() };
    let body = format!(
        "<h1>One more thing</h1><p>The password is right, and your account asks for {}.</p>{}{code}{passkey}\
         <p><a href=\"{}\">Begin again</a></p>",
        escape(&held.ways()),
        problem(wrong),
        escape(&log_in_url(next(&fields.next))),
    );
    let status = if wrong.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    Page { title: "Log in", body, ..Page::default() }.respond(ctx, status)
}

/// Shown by the script, where the browser knows passkeys.
fn passkey_form(ctx: &Ctx, to: &str, label: &str) -> Result<String, Fault> {
    let options = serde_json::to_string(&passkeys::request_options(ctx)?)?;
    Ok(format!(
        "<form method=post action=\"/login\" id=passkey hidden data-options=\"{}\">{}\
         <input type=hidden name=passkey><button class=second>{label}</button><p class=wrong role=alert hidden></p></form>",
        escape(&options),
        hidden("next", next(to)),
    ))
}

pub(super) fn ask_to_leave(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    if cookie::read(&parts.headers).is_none() {
        return see_other("/login", None);
    }
    let body =
        "<h1>Log out?</h1><form method=post action=\"/logout\"><button>Log out</button></form>".to_owned();
    Page { title: "Log out", body, ..Page::default() }.respond(ctx, StatusCode::OK)
}

pub(super) async fn leave(ctx: &Ctx, headers: &HeaderMap) -> Result<Response<Bytes>, Fault> {
    if let Some(person) = person(ctx, headers).await? {
        let what = audited::<LogOut>(person.user, "");
        ctx.write(&person, what, users::forget(&person.hash)).await?;
    }
    see_other("/login", Some(&cookie::clear(&ctx.settings)))
}
