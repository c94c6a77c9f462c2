//! The frame of every page, and the headers that keep it what it is.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{answer::Fault, ctx::Ctx};

pub(super) const STYLE_PATH: &str = "/pages/style.css";
pub(super) const SCRIPT_PATH: &str = "/pages/script.js";

/// A page.
#[derive(Default)]
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// HTML: what comes from people has to be [`escape`]d.
    pub(crate) body: String,
    /// The address of whoever is logged in.
    pub(crate) person: Option<&'a str>,
    /// Where its forms may lead besides this host and the hosts below the apps domain, as in a policy for content.
    pub(crate) leads_to: &'a str,
}

impl Page<'_> {
    pub(crate) fn respond(&self, ctx: &Ctx, status: StatusCode) -> Result<Response<Bytes>, Fault> {
        let mut response = plain(status, "text/html; charset=utf-8", self.html())?;
        // A form may lead on to a site for members: a browser holds each redirect to this, too.
        let apps = format!("{}://*.{}", ctx.settings.apps_scheme, ctx.settings.apps_domain);
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
             form-action 'self' {apps} {}; frame-ancestors 'none'; base-uri 'none'",
            self.leads_to
        );
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(Fault::new)?);
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Ok(response)
    }

    fn html(&self) -> String {
        let title = escape(self.title);
        let person = self.person.map(|email| {
            format!(
                "<a href=\"/account\">{}</a><form method=post action=\"/logout\"><button class=plain>Log out</button></form>",
                escape(email)
            )
        });
        format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>{title} · Patr</title>\
             <meta name=robots content=noindex><meta name=viewport content=\"width=device-width\">\
             <meta name=color-scheme content=\"light dark\">\
             <link rel=stylesheet href=\"{STYLE_PATH}\"><script src=\"{SCRIPT_PATH}\" defer></script>\
             <header><a href=\"/\">Patr</a><span>{}</span></header><main>{}</main>",
            person.unwrap_or_default(),
            self.body,
        )
    }
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    crate::ingress::pages::escape(text)
}

/// What went wrong, for everybody who reads or hears the page.
pub(crate) fn problem(text: Option<&str>) -> String {
    text.map(|text| format!("<p class=wrong role=alert>{}</p>", escape(text))).unwrap_or_default()
}

/// A field that is not shown.
pub(crate) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=hidden name=\"{}\" value=\"{}\">", escape(name), escape(value))
}

/// An answer that nobody keeps.
pub(crate) fn plain(status: StatusCode, media: &str, body: String) -> Result<Response<Bytes>, Fault> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, media)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body.into())
        .map_err(Fault::new)
}

/// Leads on with GET, and sets a cookie if there is one to set.
pub(crate) fn see_other(to: &str, cookie: Option<&str>) -> Result<Response<Bytes>, Fault> {
    let mut response = Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, to)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer");
    if let Some(cookie) = cookie {
        response = response.header(header::SET_COOKIE, cookie);
    }
    response.body(Bytes::new()).map_err(Fault::new)
}
