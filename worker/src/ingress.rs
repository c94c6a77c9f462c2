//! A request to a managed URL: `host → routing table → longest prefix of segments → target`.

pub(crate) mod access;
pub(crate) mod address;
mod attempts;
mod balance;
pub(crate) mod cache;
mod cached;
mod forward;
pub(crate) mod pages;
mod site;
pub(crate) mod stats;
pub(crate) mod tunnel;
mod upload;
mod via;

use patr_models::{
    ids::WorkspaceId,
    managed_url::{RouteTarget, forward_url},
};
use wasm_bindgen::JsCast;
use worker::{
    Context, Headers, Result, Url,
    web_sys::{self, Request, Response},
};

use crate::{answer::Fault, ctx::Ctx, platform, routes_kv};
use address::Address;
use pages::Page;
pub(crate) use site::takes_brotli;
use site::{Mounted, Served};
use via::Via;

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
    let html = || pages::wants_html(&Headers(request.headers()));
    let page = |page: Page<'_>| Ok(pages::page(ctx, html()?, page)?.into());
    let Some(table) = routes_kv::load(ctx, address.host()).await? else {
        return page(Page::UnknownHost(address.host()));
    };
    let Some((route, rest)) = table.find(address.path()) else {
        return page(Page::UnknownPath(address.path()));
    };
    let came = Came { ctx, context, request, address, depth };
    let via = Via { route, rest };
    let outcome = match came.refuse(&via).await {
        Ok(None) => came.target(table.workspace, &via).await,
        Ok(Some(refusal)) => Ok(refusal),
        Err(fault) => Err(fault),
    };
    stats::count_url(ctx, context, route.url, outcome.as_ref().ok());
    outcome
}

/// A request that came in.
struct Came<'a> {
    ctx: &'a Ctx,
    context: &'a Context,
    request: Request,
    address: &'a Address,
    /// How often a rewrite has led on.
    depth: u8,
}

impl Came<'_> {
    fn page(&self, page: Page<'_>) -> std::result::Result<Response, Fault> {
        let html = pages::wants_html(&Headers(self.request.headers()))?;
        Ok(pages::page(self.ctx, html, page)?.into())
    }

    /// The answer at the door of a managed URL to whoever may not come in.
    async fn refuse(&self, via: &Via<'_>) -> std::result::Result<Option<Response>, Fault> {
        let headers = Headers(self.request.headers());
        if via.is_restricted() {
            let client = forward::client(&headers)?;
            if via.refuses(&client) {
                upload::discard(&self.request).await;
                return self.page(Page::NotAllowed(&client)).map(Some);
            }
        }
        if via.largest_body().is_some() {
            let declared = headers.get("content-length")?.and_then(|length| length.parse().ok());
            if let Some(too_large) = via::too_large(declared, via.largest_body()) {
                upload::discard(&self.request).await;
                return self.page(too_large).map(Some);
            }
        }
        Ok(None)
    }

    /// Has a request answered by what is kept of a target's answers, if the managed URL wants that, or by asking it:
    /// `ask` is told whether to wait for a target that is away.
    async fn kept_or(
        &self,
        via: &Via<'_>,
        ask: impl AsyncFnOnce(bool) -> std::result::Result<Response, Fault>,
    ) -> std::result::Result<Response, Fault> {
        if !via.caches() {
            return ask(true).await;
        }
        cached::through(self.ctx, self.context, &self.request, self.address, via, ask).await
    }

    /// Has a request answered by what the managed URL leads to.
    async fn target(self, workspace: WorkspaceId, via: &Via<'_>) -> std::result::Result<Response, Fault> {
        let Self { ctx, context, address, .. } = self;
        let (route, rest) = (via.route, via.rest);
        match &route.to {
            RouteTarget::Site { manifest: None, .. } => self.page(Page::EmptySite),
            RouteTarget::Site { site, manifest: Some(manifest), carried, guard } => {
                let prefix = route.path.as_str();
                let host = address.host();
                let place =
                    guard.map(|guard| access::Place { workspace, site: *site, guard, host, prefix, rest });
                if let Some(response) = access::gate(ctx, &self.request, place.as_ref()).await? {
                    return Ok(response.into());
                }
                // Under a prefix, the prefix itself is the site's directory: relative links need the slash.
                if rest.is_empty() {
                    return redirect(&format!("{}/", address.path()), address.query(), 307);
                }
                let mounted = Mounted { workspace, manifest, carried: carried.as_ref(), prefix };
                match site::serve(ctx, context, &self.request, address, rest, &mounted).await? {
                    Served::Here(response) => {
                        stats::count_site(ctx, context, *site, response.status());
                        access::seal(response, place.as_ref())
                    }
                    Served::Elsewhere(url) => elsewhere(ctx, context, self.request, &url, self.depth).await,
                }
            }
            RouteTarget::Deployment { deployment, port, lanes, runners } => {
                let to = tunnel::To { deployment: *deployment, port: *port, lanes: *lanes, runners };
                let html = pages::wants_html(&Headers(self.request.headers()))?;
                let ask =
                    async |waits| tunnel::serve(ctx, &self.request, address, via, &to, html, waits).await;
                self.kept_or(via, ask).await
            }
            RouteTarget::Proxy { url: to } => {
                let url = forward_url(to, rest, address.query());
                let html = pages::wants_html(&Headers(self.request.headers()))?;
                self.kept_or(via, async |_| forward::proxy(ctx, &self.request, &url, Some(via), html).await)
                    .await
            }
            RouteTarget::Redirect { url: to, permanent } => {
                let status = if *permanent { 308 } else { 307 };
                redirect(&forward_url(to, rest, address.query()), None, status)
            }
            RouteTarget::Stopped { what } => self.page(Page::Stopped(what)),
        }
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
    let html = pages::wants_html(&Headers(request.headers()))?;
    if !ctx.settings.answers_at(&url) {
        return forward::proxy(ctx, &request, url.as_str(), None, html).await;
    }
    if depth == DEPTH {
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
