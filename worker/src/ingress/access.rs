//! Sites that are not for everybody: who is let in, before anything of the site is served.
//!
//! A visitor with a good cookie costs two HMACs and no look-up. Everything else is decided in [`visit`], over a request
//! that needs no platform.

mod lock;
pub(crate) mod members;
mod page;
mod visit;

use bytes::Bytes;
use worker::{Headers, Method, Request, Response, web_sys};

use crate::{
    answer::{Fault, Refused},
    ctx::Ctx,
    platform::{self, Body},
};
pub(crate) use visit::{Place, local};

/// Longest form, in bytes: a password of 256 characters and a path of 4 KB, in percent-encoding.
const FORM_MAX: usize = 16 * 1024;

/// What a visitor is answered in place of the site; nothing when it may have what it asked for.
pub(crate) async fn gate(
    ctx: &Ctx,
    request: &web_sys::Request,
    place: Option<&Place<'_>>,
) -> Result<Option<Response>, Fault> {
    let Some(place) = place else { return Ok(None) };
    // Another handle of the same request; `Request::clone` would be JavaScript's, which copies the body too.
    let request = &Request::from(Clone::clone(request));
    let cookies = request.headers().get("cookie")?.unwrap_or_default();
    if !place.is_reserved() && place.lock(ctx).opens(&cookies, ctx.now) {
        return Ok(None);
    }
    let parts = platform::parts(request)?;
    let form = place.is_reserved() && request.method() == Method::Post;
    let body = if form { read(request.clone()?).await? } else { Some(Bytes::new()) };
    let Some(body) = body else { return Ok(Some(Response::error("too large", 413)?)) };
    let response = visit::answer(ctx, place, &parts, &body).await?;
    Ok(response.map(platform::response).transpose()?)
}

async fn read(mut request: Request) -> Result<Option<Bytes>, Fault> {
    match request.read(FORM_MAX).await {
        Ok(body) => Ok(Some(body)),
        Err(Refused::Common(_)) => Ok(None),
        Err(Refused::Fault(fault)) => Err(fault),
    }
}

/// No cache that many share may keep what only some may see.
pub(crate) fn seal(
    response: web_sys::Response,
    place: Option<&Place<'_>>,
) -> Result<web_sys::Response, Fault> {
    if place.is_some() {
        let headers = Headers(response.headers());
        let own = headers.get("cache-control")?.unwrap_or_default();
        headers.set("cache-control", &private(&own))?;
    }
    Ok(response)
}

/// The same, for one visitor's own cache only; as it is where it says so or more already.
fn private(own: &str) -> String {
    let directives = || own.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let name = |directive: &str| directive.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
    if directives().any(|directive| matches!(name(directive).as_str(), "private" | "no-store")) {
        return own.to_owned();
    }
    let kept = directives().filter(|directive| !matches!(name(directive).as_str(), "public" | "s-maxage"));
    std::iter::once("private").chain(kept).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::private;

    #[test]
    fn what_some_may_see_no_shared_cache_keeps() {
        for (own, kept) in [
            ("", "private"),
            ("public, max-age=0, must-revalidate", "private, max-age=0, must-revalidate"),
            ("Public, max-age=31536000, immutable, s-maxage=60", "private, max-age=31536000, immutable"),
            ("no-store", "no-store"),
            ("private, max-age=60", "private, max-age=60"),
        ] {
            assert_eq!(private(own), kept, "{own}");
        }
    }
}
