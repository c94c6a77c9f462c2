//! A request to a site that is not for everybody, from somebody without a cookie or to the reserved path: who is let in,
//! and what the others see.

use bytes::Bytes;
use http::{Method, Response, StatusCode, header, request::Parts};
use patr_models::{
    auth::Permission,
    error::ErrorBody,
    ids::{SiteId, WorkspaceId},
    managed_url::Guard,
    site::Access,
};

use super::{
    lock::{COOKIE, Lock},
    members,
    page::{Form, plain, see_other},
};
use crate::{
    answer::{Fault, Refused},
    auth,
    ctx::Ctx,
    db::access as db,
    handlers::users::verify_password,
    limits,
};

/// The path, below the site's prefix, that is not the site's.
pub(crate) const RESERVED: &str = "/.patr/access";

/// A site that is not for everybody, at one of its addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) site: SiteId,
    pub(crate) guard: Guard,
    /// Without a port.
    pub(crate) host: &'a str,
    /// As in the routing table: `/` or a path without a slash at its end.
    pub(crate) prefix: &'a str,
    /// What remains of the path below the prefix.
    pub(crate) rest: &'a str,
}

impl Place<'_> {
    pub(crate) fn is_reserved(&self) -> bool {
        self.rest == RESERVED
    }

    pub(crate) fn lock(&self, ctx: &Ctx) -> Lock {
        Lock::new(&ctx.settings.internal_secret, self.site, self.guard.generation)
    }

    /// The path of the form, and of the exchange of a code.
    fn reserved_path(&self) -> String {
        format!("{}{RESERVED}", self.prefix.trim_end_matches('/'))
    }

    fn set_cookie(&self, ctx: &Ctx) -> String {
        let secure = if ctx.settings.apps_scheme == "https" { "; Secure" } else { "" };
        let (value, path) = (self.lock(ctx).cookie(ctx.now), self.prefix);
        format!("{COOKIE}={value}; Path={path}; Max-Age=43200; HttpOnly; SameSite=Lax{secure}")
    }
}

/// What a visitor is answered in place of the site; nothing when it may have what it asked for.
pub(crate) async fn answer(
    ctx: &Ctx,
    place: &Place<'_>,
    parts: &Parts,
    body: &[u8],
) -> Result<Option<Response<Bytes>>, Fault> {
    if place.is_reserved() {
        return match (place.guard.access, &parts.method) {
            (Access::Password, &Method::GET | &Method::HEAD) => form(place, &target(parts), None).map(Some),
            (Access::Password, &Method::POST) => check_password(ctx, place, parts, body).await.map(Some),
            (Access::Members, &Method::GET) => exchange(ctx, place, parts).await.map(Some),
            _ => not_allowed(place).map(Some),
        };
    }
    if is_member(ctx, place, parts).await? {
        return Ok(None);
    }
    let navigates = matches!(parts.method, Method::GET | Method::HEAD) && wants_html(parts);
    let to = parts.uri.path_and_query().map_or("/", |to| to.as_str());
    match place.guard.access {
        Access::Public => Ok(None),
        _ if !navigates => refuse(place).map(Some),
        Access::Password => form(place, to, None).map(Some),
        Access::Members => see_other(&members::form_url(ctx, place, to), None).map(Some),
    }
}

/// Whether the request has the token of somebody who may see the site.
async fn is_member(ctx: &Ctx, place: &Place<'_>, parts: &Parts) -> Result<bool, Fault> {
    if !parts.headers.contains_key(header::AUTHORIZATION) {
        return Ok(false);
    }
    let member = async {
        let person = auth::person(ctx, parts).await?;
        auth::enter(ctx, person, &place.workspace.to_string()).await
    };
    match member.await {
        Ok(member) => Ok(member.may(Permission::SiteView, &place.site)),
        Err(Refused::Common(_)) => Ok(false),
        Err(Refused::Fault(fault)) => Err(fault),
    }
}

async fn check_password(
    ctx: &Ctx,
    place: &Place<'_>,
    parts: &Parts,
    body: &[u8],
) -> Result<Response<Bytes>, Fault> {
    let (mut password, mut to) = (String::new(), String::new());
    for (name, value) in url::form_urlencoded::parse(body) {
        match &*name {
            "password" => password = value.into_owned(),
            "to" => to = value.into_owned(),
            _ => {}
        }
    }
    ctx.comes_from(&parts.headers);
    let guesses = format!("site/{}", place.site);
    match limits::guess(ctx, &guesses).await {
        Ok(()) => {}
        Err(Refused::Fault(fault)) => return Err(fault),
        Err(Refused::Common(_)) => {
            let problem = "Too many attempts. Try again later.";
            return form(place, &to, Some((StatusCode::TOO_MANY_REQUESTS, problem)));
        }
    }
    let stored: Option<db::Password> =
        ctx.db.optional(db::password(place.site, place.guard.generation)).await?;
    let right = match stored.and_then(|stored| stored.password_hash) {
        Some(stored) => verify_password(&password, &stored)?,
        // It was changed a moment ago, and this place has not heard of it.
        None => false,
    };
    if !right {
        return form(place, &to, Some((StatusCode::UNAUTHORIZED, "That is not the password.")));
    }
    ctx.db.batch(vec![limits::forget(ctx, &guesses)]).await?;
    see_other(local(&to), Some(&place.set_cookie(ctx)))
}

/// Exchanges a code for a cookie, once.
async fn exchange(ctx: &Ctx, place: &Place<'_>, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    let to = target(parts);
    let given = query(parts, "code").unwrap_or_default();
    let code = place.lock(ctx).read_code(&given, place.host, ctx.now);
    let Some(code) = code else { return see_other(&members::form_url(ctx, place, local(&to)), None) };
    match ctx.db.batch(vec![db::spend(&code.nonce, code.expires_at)]).await {
        Ok(()) => see_other(local(&to), Some(&place.set_cookie(ctx))),
        Err(error) if error.is_unique("access_codes.code") => {
            see_other(&members::form_url(ctx, place, local(&to)), None)
        }
        Err(error) => Err(error.into()),
    }
}

fn form(place: &Place<'_>, to: &str, problem: Option<(StatusCode, &str)>) -> Result<Response<Bytes>, Fault> {
    let form = Form {
        title: "This site has a password",
        problem: problem.map(|(_, problem)| problem),
        action: &place.reserved_path(),
        hidden: &[("to", local(to))],
    };
    form.respond(problem.map_or(StatusCode::UNAUTHORIZED, |(status, _)| status))
}

/// For programs, and for what a page loads.
fn refuse(place: &Place<'_>) -> Result<Response<Bytes>, Fault> {
    let body = ErrorBody {
        code: "access_needed".to_owned(),
        message: "this site is not for everybody".to_owned(),
        hint: Some(match place.guard.access {
            Access::Members => {
                "open it in a browser, or send `Authorization: Bearer …` with a token of a member".to_owned()
            }
            _ => "open it in a browser, which asks for the password".to_owned(),
        }),
        id: None,
    };
    plain(StatusCode::UNAUTHORIZED, "application/json", serde_json::to_string(&body)?)
}

fn not_allowed(place: &Place<'_>) -> Result<Response<Bytes>, Fault> {
    let allowed = if place.guard.access == Access::Password { "GET, HEAD, POST" } else { "GET" };
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new())?;
    response.headers_mut().insert(header::ALLOW, allowed.parse().map_err(Fault::new)?);
    Ok(response)
}

fn wants_html(parts: &Parts) -> bool {
    let accept = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn query(parts: &Parts, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

/// Where the visitor wanted to go.
fn target(parts: &Parts) -> String {
    query(parts, "to").unwrap_or_default()
}

/// A path of this host, and nothing that a browser takes for another one.
pub(crate) fn local(to: &str) -> &str {
    let elsewhere = to.starts_with("//") || to.starts_with("/\\");
    let plain = to.bytes().all(|byte| byte.is_ascii_graphic());
    if to.starts_with('/') && !elsewhere && plain && to.len() <= 4096 { to } else { "/" }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
