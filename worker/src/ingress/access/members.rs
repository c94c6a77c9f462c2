//! `/site-access` of the control host: a member of a site's workspace proves who it is, and is sent back to the site
//! with a code.
//!
//! ```text
//! site ── 303 ──▶ control host: form ── POST ──▶ 303 with a code ──▶ site: code for a cookie ── 303 ──▶ the page
//! ```
//!
//! The code goes only to an address that leads to that very site, so nobody can have one sent to a host of their own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use patr_models::{
    auth::Permission,
    ids::{SiteId, UserId, WorkspaceId},
    name::Email,
};

use super::{
    lock::Lock,
    page::{Form, plain, see_other},
    visit::{Place, RESERVED, local},
};
use crate::{
    answer::{Fault, Refused},
    auth,
    ctx::Ctx,
    db::{access as db, workspaces},
    env,
    handlers::users::{authenticate, guesses},
    limits,
};

pub(crate) const PATH: &str = "/site-access";
/// Holds what the form must repeat: a page elsewhere cannot read it, so it cannot send the form for somebody.
const CSRF: &str = "patr-csrf";

/// Where the form is for a visitor of a site.
pub(super) fn form_url(ctx: &Ctx, place: &Place<'_>, to: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("site", &place.site.to_string());
    query.append_pair("host", place.host).append_pair("path", place.prefix).append_pair("to", to);
    format!("{}{PATH}?{}", ctx.settings.control_url(), query.finish())
}

/// Whether somebody is a member of a workspace and may see a site of it.
async fn may_see(ctx: &Ctx, user: UserId, workspace: WorkspaceId, site: SiteId) -> Result<bool, Fault> {
    let found = ctx.db.optional(workspaces::membership(user, &workspace.into())).await?;
    let found: Option<workspaces::Membership> = found;
    Ok(found.is_some_and(|member| member.access().allows_on(Permission::SiteView, &site.to_string())))
}

/// What the form was sent with, or the address that leads to it.
#[derive(Debug, Default)]
struct Fields {
    site: String,
    host: String,
    path: String,
    to: String,
    email: String,
    password: String,
    csrf: String,
}

impl Fields {
    fn read(text: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in url::form_urlencoded::parse(text) {
            let field = match &*name {
                "site" => &mut fields.site,
                "host" => &mut fields.host,
                "path" => &mut fields.path,
                "to" => &mut fields.to,
                "email" => &mut fields.email,
                "password" => &mut fields.password,
                "csrf" => &mut fields.csrf,
                _ => continue,
            };
            *field = value.into_owned();
        }
        fields
    }
}

/// A site for members, at an address that leads to it.
struct Found {
    site: SiteId,
    row: db::Address,
}

/// Answers a request to [`PATH`].
pub(crate) async fn answer(ctx: &Ctx, parts: &Parts, body: &[u8]) -> Result<Response<Bytes>, Fault> {
    ctx.comes_from(&parts.headers);
    let fields = match parts.method {
        Method::GET => Fields::read(parts.uri.query().unwrap_or_default().as_bytes()),
        Method::POST => Fields::read(body),
        _ => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new())?;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            return Ok(response);
        }
    };
    let Some(found) = find(ctx, &fields).await? else {
        return plain(StatusCode::NOT_FOUND, "text/plain", "There is no such site.".to_owned());
    };
    if parts.method == Method::GET {
        return form(ctx, &fields, StatusCode::OK, None);
    }
    if !is_from_our_form(ctx, parts, &fields) {
        return form(ctx, &fields, StatusCode::FORBIDDEN, Some("Please try again."));
    }
    let known = match fields.email.parse::<Email>() {
        Ok(email) => authenticate(ctx, &email, &fields.password).await,
        Err(_) => Ok(None),
    };
    let user = match known {
        Ok(Some(row)) => {
            ctx.db.batch(vec![limits::forget(ctx, &guesses(&row.email))]).await?;
            Some(row.id)
        }
        Ok(None) => None,
        Err(Refused::Fault(fault)) => return Err(fault),
        Err(Refused::Common(_)) => {
            let problem = Some("Too many attempts. Try again later.");
            return form(ctx, &fields, StatusCode::TOO_MANY_REQUESTS, problem);
        }
    };
    let lets_in = match user {
        Some(user) => may_see(ctx, user, found.row.workspace_id, found.site).await?,
        None => false,
    };
    if !lets_in {
        // One sentence for both: it says nothing about who is a member of what.
        let problem = Some("The address or the password is wrong, or this account may not see the site.");
        return form(ctx, &fields, StatusCode::UNAUTHORIZED, problem);
    }
    back(ctx, &found, &fields)
}

/// Back to the site, with a code.
fn back(ctx: &Ctx, found: &Found, fields: &Fields) -> Result<Response<Bytes>, Fault> {
    let lock = Lock::new(&ctx.settings.internal_secret, found.site, found.row.access_generation);
    let code = lock.code(&env::random()?, &fields.host, ctx.now);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("code", &code).append_pair("to", local(&fields.to));
    let prefix = fields.path.trim_end_matches('/');
    let site = ctx.settings.url(&fields.host);
    see_other(&format!("{site}{prefix}{RESERVED}?{}", query.finish()), None)
}

async fn find(ctx: &Ctx, fields: &Fields) -> Result<Option<Found>, Fault> {
    let Ok(site) = fields.site.parse::<SiteId>() else { return Ok(None) };
    let row = ctx.db.optional(db::address_for_members(site, &fields.host, &fields.path)).await?;
    Ok(row.map(|row| Found { site, row }))
}

/// The cookie and the field are the same, and the page that sent it is ours as far as the browser says.
fn is_from_our_form(ctx: &Ctx, parts: &Parts, fields: &Fields) -> bool {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).is_none_or(|origin| origin == ctx.settings.control_url());
    let cookies = text(header::COOKIE).unwrap_or_default();
    let mut held = cookies.split(';').filter_map(|pair| pair.trim().strip_prefix(CSRF)?.strip_prefix('='));
    let same = |held: &str| auth::is_secret(fields.csrf.as_bytes(), held.as_bytes());
    origin && held.any(same)
}

fn form(
    ctx: &Ctx,
    fields: &Fields,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<Response<Bytes>, Fault> {
    let csrf = URL_SAFE_NO_PAD.encode(env::random::<16>()?);
    let site = ctx.settings.url(&fields.host);
    let form = Form {
        title: &format!("Log in to see {}", fields.host),
        problem,
        action: PATH,
        email: true,
        hidden: &[
            ("site", &fields.site),
            ("host", &fields.host),
            ("path", &fields.path),
            ("to", local(&fields.to)),
            ("csrf", &csrf),
        ],
        leads_to: &site,
    };
    let secure = if ctx.settings.apps_scheme == "https" { "; Secure" } else { "" };
    let cookie = format!("{CSRF}={csrf}; Path={PATH}; Max-Age=3600; HttpOnly; SameSite=Strict{secure}");
    let mut response = form.respond(status)?;
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(Fault::new)?);
    Ok(response)
}
