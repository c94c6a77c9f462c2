//! A request to a managed URL: `host → routing table → longest prefix of segments → target`.

pub(crate) mod access;
pub(crate) mod cache;
mod forward;
mod pages;
mod site;
pub(crate) mod stats;
pub(crate) mod tunnel;

use patr_models::managed_url::{RouteTarget, forward_url};
use worker::{Context, Headers, Request, Response, Result};

use crate::{answer::Fault, ctx::Ctx, env::without_port, platform, routes_kv};
use pages::Page;

/// Answers a request to any host but the control host.
pub(crate) async fn serve(ctx: &Ctx, request: Request, context: Context) -> Result<Response> {
    let html = pages::wants_html(&request)?;
    match answer(ctx, &context, request).await {
        Ok(response) => Ok(response),
        Err(fault) => {
            platform::log(format_args!("{}: {fault}", ctx.request));
            pages::page(ctx, html, Page::Broken)
        }
    }
}

async fn answer(ctx: &Ctx, context: &Context, request: Request) -> std::result::Result<Response, Fault> {
    let html = pages::wants_html(&request)?;
    let host = platform::host(&request)?;
    let host = without_port(&host).to_ascii_lowercase();
    let Some(table) = routes_kv::load(ctx, &host).await? else {
        return Ok(pages::page(ctx, html, Page::UnknownHost(&host))?);
    };
    let url = request.url()?;
    let Some((route, rest)) = table.find(url.path()) else {
        return Ok(pages::page(ctx, html, Page::UnknownPath(url.path()))?);
    };
    match &route.to {
        RouteTarget::Site { manifest: None, .. } => Ok(pages::page(ctx, html, Page::EmptySite)?),
        RouteTarget::Site { site, manifest: Some(manifest), guard, .. } => {
            let place = guard.map(|guard| {
                let (workspace, prefix) = (table.workspace, route.path.as_str());
                access::Place { workspace, site: *site, guard, host: &host, prefix, rest }
            });
            if let Some(response) = access::gate(ctx, &request, place.as_ref()).await? {
                return Ok(response);
            }
            // Under a prefix, the prefix itself is the site's directory: relative links need the slash.
            if rest.is_empty() {
                return redirect(&format!("{}/", url.path()), url.query(), 307);
            }
            let response = site::serve(ctx, &request, table.workspace, manifest, url.path(), rest).await?;
            stats::count(ctx, context, *site, response.status_code());
            access::seal(response, place.as_ref())
        }
        RouteTarget::Deployment { deployment, runner, port, lanes } => {
            let to = tunnel::To { deployment: *deployment, runner: *runner, port: *port, lanes: *lanes };
            tunnel::serve(ctx, request, to, html).await
        }
        RouteTarget::Proxy { url: to } => {
            forward::proxy(ctx, request, &forward_url(to, rest, url.query())).await
        }
        RouteTarget::Redirect { url: to, permanent } => {
            let status = if *permanent { 308 } else { 307 };
            redirect(&forward_url(to, rest, url.query()), None, status)
        }
        RouteTarget::Stopped { what } => Ok(pages::page(ctx, html, Page::Stopped(what))?),
    }
}

fn redirect(to: &str, query: Option<&str>, status: u16) -> std::result::Result<Response, Fault> {
    let headers = Headers::new();
    let location = query.map_or_else(|| to.to_owned(), |query| format!("{to}?{query}"));
    headers.set("location", &location)?;
    Ok(Response::empty()?.with_status(status).with_headers(headers))
}
