//! A request to a managed URL: `host → routing table → longest prefix of segments → target`.

pub(crate) mod access;
pub(crate) mod address;
mod attempts;
mod balance;
pub(crate) mod cache;
mod forward;
mod pages;
mod site;
pub(crate) mod stats;
pub(crate) mod tunnel;

use patr_models::managed_url::{RouteTarget, forward_url};
use wasm_bindgen::JsCast;
use worker::{
    Context, Headers, Result, Url,
    web_sys::{self, Request, Response},
};

use crate::{answer::Fault, ctx::Ctx, platform, routes_kv};
use address::Address;
use pages::Page;
use site::{Mounted, Served};

/// How often a rewrite may lead to another address of this installation before that is taken for a circle.
const DEPTH: u8 = 3;

/// Answers a request to any host but the control host.
pub(crate) async fn serve(
    ctx: &Ctx,
    context: &Context,
    request: Request,
    address: &Address,
) -> Result<Response> {
    let headers = Headers(request.headers());
    match answer(ctx, context, request, address, 0).await {
        Ok(response) => Ok(response),
        Err(fault) => {
            platform::log(format_args!("{}: {fault}", ctx.request));
            pages::page(ctx, pages::wants_html(&headers)?, Page::Broken).map(Into::into)
        }
    }
}

async fn answer(
    ctx: &Ctx,
    context: &Context,
    request: Request,
    address: &Address,
    depth: u8,
) -> std::result::Result<Response, Fault> {
    let headers = Headers(request.headers());
    let page = |page: Page<'_>| Ok(pages::page(ctx, pages::wants_html(&headers)?, page)?.into());
    let Some(table) = routes_kv::load(ctx, address.host()).await? else {
        return page(Page::UnknownHost(address.host()));
    };
    let Some((route, rest)) = table.find(address.path()) else {
        return page(Page::UnknownPath(address.path()));
    };
    match &route.to {
        RouteTarget::Site { manifest: None, .. } => page(Page::EmptySite),
        RouteTarget::Site { site, manifest: Some(manifest), carried, guard } => {
            let (workspace, prefix) = (table.workspace, route.path.as_str());
            let place = guard.map(|guard| access::Place {
                workspace,
                site: *site,
                guard,
                host: address.host(),
                prefix,
                rest,
            });
            if let Some(response) = access::gate(ctx, &request, place.as_ref()).await? {
                return Ok(response.into());
            }
            // Under a prefix, the prefix itself is the site's directory: relative links need the slash.
            if rest.is_empty() {
                return redirect(&format!("{}/", address.path()), address.query(), 307);
            }
            let mounted = Mounted { workspace, manifest, carried: carried.as_ref(), prefix };
            match site::serve(ctx, context, &request, address, rest, &mounted).await? {
                Served::Here(response) => {
                    stats::count(ctx, context, *site, response.status());
                    access::seal(response, place.as_ref())
                }
                Served::Elsewhere(url) => elsewhere(ctx, context, request, &url, depth).await,
            }
        }
        RouteTarget::Deployment { deployment, port, lanes, runners } => {
            let to = tunnel::To { deployment: *deployment, port: *port, lanes: *lanes, runners };
            let html = pages::wants_html(&headers)?;
            tunnel::serve(ctx, &request, address, &to, html).await
        }
        RouteTarget::Proxy { url: to } => {
            let url = forward_url(to, rest, address.query());
            Ok(forward::proxy(ctx, request.into(), &url).await?.into())
        }
        RouteTarget::Redirect { url: to, permanent } => {
            let status = if *permanent { 308 } else { 307 };
            redirect(&forward_url(to, rest, address.query()), None, status)
        }
        RouteTarget::Stopped { what } => page(Page::Stopped(what)),
    }
}

/// Has a request answered by what is at another address: through this ingress if that is one of its own, else by
/// asking there.
async fn elsewhere(
    ctx: &Ctx,
    context: &Context,
    request: Request,
    url: &str,
    depth: u8,
) -> std::result::Result<Response, Fault> {
    let url = Url::parse(url).map_err(|error| Fault::new(format!("a rewrite leads to {url}: {error}")))?;
    if !ctx.settings.answers_at(&url) {
        return Ok(forward::proxy(ctx, request.into(), url.as_str()).await?.into());
    }
    if depth == DEPTH {
        let html = pages::wants_html(&Headers(request.headers()))?;
        return Ok(pages::page(ctx, html, Page::Circle)?.into());
    }
    // A request is itself what a request can be made from: method, header fields, body, and what the platform knows
    // of the client.
    let request =
        Request::new_with_str_and_init(url.as_str(), request.unchecked_ref::<web_sys::RequestInit>())
            .map_err(worker::Error::from)?;
    let address = Address::new(url.into());
    Box::pin(answer(ctx, context, request, &address, depth + 1)).await
}

fn redirect(to: &str, query: Option<&str>, status: u16) -> std::result::Result<Response, Fault> {
    let headers = Headers::new();
    let location = query.map_or_else(|| to.to_owned(), |query| format!("{to}?{query}"));
    headers.set("location", &location)?;
    Ok(worker::Response::empty()?.with_status(status).with_headers(headers).into())
}
