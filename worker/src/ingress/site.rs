//! A static target: table → version → pack → bytes. Nothing is ever probed for.
//!
//! | module | is |
//! |---|---|
//! | [`asked`], [`decide`], [`reply`] | a request, what a version answers to it, and the answer: all values |
//! | [`path`], [`resolve`], [`rules`] | which file: decoding, html handling, redirects and header rules |
//! | [`negotiate`], [`condition`], [`range`] | which of its bytes |
//! | [`store`], [`send`] | the effects: memory and KV, and the platform's response |

mod asked;
mod condition;
mod decide;
mod fields;
#[cfg(test)]
mod fixture;
mod negotiate;
mod path;
mod range;
mod reply;
mod resolve;
mod rules;
mod send;
mod store;

use patr_models::{
    ids::WorkspaceId,
    site::{ManifestHash, carry},
};
use worker::{Context, web_sys};

use super::address::Address;
use crate::{answer::Fault, ctx::Ctx, platform};
use asked::{Asked, Fields, Method};
pub(super) use condition::none_match_fails;
use decide::Decision;
pub(crate) use negotiate::takes_brotli;

/// A site at a prefix of a host.
pub(super) struct Mounted<'a> {
    pub(super) workspace: WorkspaceId,
    pub(super) manifest: &'a ManifestHash,
    pub(super) carried: Option<&'a ManifestHash>,
    /// As in [`patr_models::managed_url::PathPrefix`].
    pub(super) prefix: &'a str,
}

/// What came of a request.
pub(super) enum Served {
    Here(web_sys::Response),
    /// What is at this address is to answer.
    Elsewhere(String),
}

/// Answers from a version of a site. `path` is what remains below the prefix, with a slash at its beginning.
pub(super) async fn serve(
    ctx: &Ctx,
    context: &Context,
    request: &web_sys::Request,
    address: &Address,
    path: &str,
    mounted: &Mounted<'_>,
) -> Result<Served, Fault> {
    let incoming = Incoming(request);
    let asked = Asked {
        method: method(&request.method()),
        host: address.host(),
        prefix: mounted.prefix.trim_end_matches('/'),
        path,
        query: address.query(),
        fields: &incoming,
    };
    let site = store::site(ctx, mounted.workspace, mounted.manifest).await?;
    let carried;
    let mut reply = match site.decide(&asked) {
        Decision::Elsewhere(url) => return Ok(Served::Elsewhere(url)),
        Decision::Reply(reply) => reply,
        Decision::Missing(missing) => {
            carried = match mounted.carried {
                Some(hash) => Some(store::site(ctx, mounted.workspace, hash).await?),
                None => None,
            };
            let carried = carried.as_deref().map(|carried| &carried.manifest);
            site.missing(carried, carry::day(ctx.now), &asked, &missing)
        }
    };
    site.rules.headers(&asked, &mut reply.headers);
    send::send(ctx, context, mounted.workspace, reply).await.map(Served::Here)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        _ => Method::Other,
    }
}

/// The fields of a request of the platform.
struct Incoming<'a>(&'a web_sys::Request);

impl Fields for Incoming<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.headers().get(name).ok().flatten()
    }

    fn country(&self) -> Option<String> {
        platform::cf(self.0, "country")
    }

    fn accept_encoding(&self) -> Option<String> {
        platform::accept_encoding(self.0)
    }
}
