//! The form that a visitor may see: for a site's password.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::{answer::Fault, ingress::pages::escape};

const STYLE: &str = "body{font:16px/1.5 system-ui;max-width:24rem;margin:18vh auto;padding:0 1rem}\
label{display:block;margin:.8rem 0}input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.4rem}\
button{font:inherit;padding:.4rem 1.2rem;margin-top:.6rem}p.wrong{color:#b00020}";

/// A form to be let in.
pub(super) struct Form<'a> {
    pub(super) title: &'a str,
    /// What went wrong the last time.
    pub(super) problem: Option<&'a str>,
    /// Where it is sent.
    pub(super) action: &'a str,
    /// Fields that are not shown.
    pub(super) hidden: &'a [(&'a str, &'a str)],
}

impl Form<'_> {
    fn html(&self) -> String {
        let title = escape(self.title);
        let problem =
            self.problem.map(|problem| format!("<p class=wrong role=alert>{}</p>", escape(problem)));
        let hidden: String = self
            .hidden
            .iter()
            .map(|(name, value)| {
                format!("<input type=hidden name=\"{}\" value=\"{}\">", escape(name), escape(value))
            })
            .collect();
        format!(
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=robots content=noindex>\
             <meta name=viewport content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
             <h1>{title}</h1>{}<form method=post action=\"{}\">{hidden}\
             <label>Password<input type=password name=password autocomplete=current-password required autofocus></label>\
             <button>Continue</button></form>",
            problem.unwrap_or_default(),
            escape(self.action),
        )
    }

    pub(super) fn respond(&self, status: StatusCode) -> Result<Response<Bytes>, Fault> {
        const POLICY: HeaderValue = HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        );
        let mut response = plain(status, "text/html; charset=utf-8", self.html())?;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok(response)
    }
}

/// An answer that nobody keeps.
pub(super) fn plain(status: StatusCode, media: &str, body: String) -> Result<Response<Bytes>, Fault> {
    let mut response = Response::builder().status(status).header(header::CONTENT_TYPE, media);
    if status == StatusCode::UNAUTHORIZED {
        response = response.header(header::WWW_AUTHENTICATE, "Bearer");
    }
    response
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body.into())
        .map_err(Fault::new)
}

/// Leads on with GET, and sets a cookie if there is one to set.
pub(super) fn see_other(to: &str, cookie: Option<&str>) -> Result<Response<Bytes>, Fault> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_visitor_gave_is_text_in_the_page() {
        let form =
            Form { title: "<b>", problem: Some("\"&"), action: "/x", hidden: &[("to", "\"><script>")] };
        let html = form.html();
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{html}");
    }
}
