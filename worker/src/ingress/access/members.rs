//! `/site-access` of the control host: a member of a site's workspace proves who it is, and is sent back to the site
//! with a code.
//!
//! ```text
//! site ── 303 ──▶ control host ── 303 with a code ──▶ site: code for a cookie ── 303 ──▶ the page
//!                  └─ nobody is logged in: /login, and back here
//! ```
//!
//! The code goes only to an address that leads to that very site, so nobody can have one sent to a host of their own.

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use patr_models::{
    auth::Permission,
    ids::{SiteId, UserId, WorkspaceId},
};

use super::{
    lock::Lock,
    page::{plain, see_other},
    visit::{Place, RESERVED, local},
};
use crate::{
    answer::Fault,
    ctx::Ctx,
    db::{access as db, workspaces},
    env,
    pages::{self, Page},
};

pub(crate) const PATH: &str = "/site-access";

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

/// What the address says that leads here.
#[derive(Debug, Default)]
struct Fields {
    site: String,
    host: String,
    path: String,
    to: String,
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

/// Answers `GET` of [`PATH`].
pub(crate) async fn answer(ctx: &Ctx, parts: &Parts) -> Result<Response<Bytes>, Fault> {
    let fields = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
    let Some(found) = find(ctx, &fields).await? else {
        return plain(StatusCode::NOT_FOUND, "text/plain", "There is no such site.".to_owned());
    };
    let Some(person) = pages::person(ctx, &parts.headers).await? else {
        let here = parts.uri.path_and_query().map_or(PATH, |here| here.as_str());
        return see_other(&pages::log_in_url(here), None);
    };
    if may_see(ctx, person.user, found.row.workspace_id, found.site).await? {
        return back(ctx, &found, &fields);
    }
    let body = "<h1>Not for this account</h1><p>The site is for members of its workspace, and the account that is logged \
                in here is none.</p><form method=post action=\"/logout\"><button>Log out</button></form>";
    Page { title: "Not for this account", body: body.to_owned(), ..Page::default() }
        .respond(ctx, StatusCode::FORBIDDEN)
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
