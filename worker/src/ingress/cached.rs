//! Answers of deployments and proxies that are kept at the edge, where the managed URL asks for it (RFC 9111, as a shared
//! cache).
//!
//! | module | decides |
//! |---|---|
//! | [`directives`] | what a `Cache-Control` says |
//! | [`asked`] | whether a request may be answered from what is kept |
//! | [`keep`] | whether an answer may be kept, and for how long |
//! | [`entry`] | what is kept beside an answer, and whether it is fresh |
//! | [`key`] | under what name |
//! | [`status`] | how the client is told (RFC 9211) |
//! | [`store`] | nothing: it is the platform's cache, which knows neither `Vary` nor what may be served stale |
//!
//! An answer that is stale is asked for anew as a whole: the target is not asked whether it has changed.

mod asked;
mod date;
mod directives;
mod entry;
mod fields;
mod keep;
mod key;
mod status;
mod store;

use patr_models::internal::REQUEST_ID_HEADER;
use worker::{
    Context, Headers,
    web_sys::{Request, Response},
};

use super::{
    address::Address,
    pages::{self, Page},
    via::Via,
};
use crate::{answer::Fault, ctx::Ctx, platform};
use asked::{Asked, Use};
use entry::Freshness;
use fields::AsAsked;
use key::Key;
use status::{Forward, Status};
use store::{Found, Kept, Note};

/// Has a request answered by what is kept, or by `ask`, which is told whether to wait for a target that is away.
pub(super) async fn through(
    ctx: &Ctx,
    context: &Context,
    request: &Request,
    address: &Address,
    via: &Via<'_>,
    ask: impl AsyncFnOnce(bool) -> Result<Response, Fault>,
) -> Result<Response, Fault> {
    let fields = AsAsked(request);
    let html = pages::wants_html(&Headers(request.headers()))?;
    let method = request.method();
    let asked = Asked { method: &method, fields: &fields };
    let key = Key { route: via.route, origin: address, fields: &fields };
    let passed = match asked.decide() {
        Use::Lookup(wanted) => {
            let Found { kept, note } = store::find(&key, &asked).await;
            let exchange = Exchange { ctx, context, asked: &asked, key: &key, note, via, html };
            return exchange.answer(kept, &wanted, ask).await;
        }
        Use::Pass(why) => why,
    };
    let response = ask(true).await?;
    if asked.invalidates(response.status()) {
        store::forget(&key).await;
    }
    if response.status() == 101 {
        return Ok(response);
    }
    labelled(&response, &Status::Forwarded { why: passed, stored: false })
}

/// An answer that says what was done.
fn labelled(response: &Response, status: &Status) -> Result<Response, Fault> {
    let response = pages::anew(response)?;
    status::put(&Headers(response.headers()), status)?;
    Ok(response)
}

/// A request that may be answered from what is kept.
struct Exchange<'a> {
    ctx: &'a Ctx,
    context: &'a Context,
    asked: &'a Asked<'a>,
    key: &'a Key<'a>,
    note: Option<Note>,
    via: &'a Via<'a>,
    html: bool,
}

impl Exchange<'_> {
    async fn answer(
        &self,
        kept: Option<Kept>,
        wanted: &asked::Wanted,
        ask: impl AsyncFnOnce(bool) -> Result<Response, Fault>,
    ) -> Result<Response, Fault> {
        let freshness = kept.as_ref().map(|kept| kept.entry.freshness(wanted, self.ctx.now));
        match (kept, freshness) {
            (Some(kept), Some(Freshness::Fresh { ttl_s })) => self.serve(kept, &Status::Hit { ttl_s }),
            _ if wanted.only_if_cached => Ok(pages::page(self.ctx, self.html, Page::NotKept)?.into()),
            (Some(kept), Some(Freshness::Stale { ttl_s, usable: true })) => {
                self.unless_it_fails(kept, ttl_s, ask).await
            }
            (Some(_), Some(Freshness::Unwanted)) => self.pass_on(&ask(true).await?, Forward::Request),
            (Some(_), _) => self.pass_on(&ask(true).await?, Forward::Stale),
            (None, _) => self.pass_on(&ask(true).await?, Forward::UriMiss),
        }
    }

    /// Asks, and serves what is kept if the target cannot answer (RFC 5861, 4).
    async fn unless_it_fails(
        &self,
        kept: Kept,
        ttl_s: i64,
        ask: impl AsyncFnOnce(bool) -> Result<Response, Fault>,
    ) -> Result<Response, Fault> {
        // Nobody has to wait for a target that is away: there is an answer.
        let status = match ask(false).await {
            Ok(response) if !keep::is_failure(response.status()) => {
                return self.pass_on(&response, Forward::Stale);
            }
            Ok(response) => {
                // Nobody reads it to its end.
                let _ = response.body().map(|body| body.cancel());
                response.status()
            }
            Err(fault) => {
                platform::log(format_args!("{}: {fault}", self.ctx.request));
                500
            }
        };
        self.serve(kept, &Status::Stale { ttl_s, status })
    }

    fn serve(&self, kept: Kept, status: &Status) -> Result<Response, Fault> {
        self.ctx.tally.answers_with_kept();
        let headers = kept.headers(self.ctx.now)?;
        headers.set(REQUEST_ID_HEADER, &self.ctx.request.to_string())?;
        status::put(&headers, status)?;
        kept.respond(self.asked)
    }

    /// Passes an answer on, and keeps it if it may be.
    fn pass_on(&self, response: &Response, why: Forward) -> Result<Response, Fault> {
        let headers = Headers(response.headers());
        let answer = keep::Answer { status: response.status(), fields: &headers };
        let entry = keep::entry(self.asked, &answer, &self.via.route.options, self.ctx.now);
        let stored = entry.is_some();
        if let Some(entry) = entry {
            store::keep(self.context, self.key, self.note.as_ref(), response, &entry)?;
        }
        labelled(response, &Status::Forwarded { why, stored })
    }
}
