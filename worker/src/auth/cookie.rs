//! The login of a browser: a cookie that holds the secret of a session.

use http::{HeaderMap, Method, header, request::Parts};
use patr_models::auth::prefix;

use crate::{env::Settings, platform};

const NAME: &str = "patr_session";

/// The secret in the cookie of a request.
pub(crate) fn read(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';'));
    let secret = pairs.find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))?;
    secret.starts_with(prefix::SESSION).then_some(secret)
}

/// The same for a call of the API, if one of our own pages makes it, which are at `control`. A browser sends the cookie with
/// what any page asks for, a page of a neighbouring host even with a WebSocket: only the browser itself can say who it was.
pub(super) fn of_call<'a>(parts: &'a Parts, control: &str) -> Option<&'a str> {
    let headers = &parts.headers;
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    let asked_by_us = match site {
        Some(b"same-origin") => true,
        // Typed into the address bar.
        Some(b"none") => matches!(parts.method, Method::GET | Method::HEAD),
        Some(_) => false,
        // Chromium sends no Fetch Metadata with a WebSocket, but every browser says where its page is from (RFC 6455, 10.2).
        None => platform::asks_for_websocket(headers) && is_from(headers, control),
    };
    (asked_by_us && !headers.contains_key(header::AUTHORIZATION)).then(|| read(headers)).flatten()
}

fn is_from(headers: &HeaderMap, control: &str) -> bool {
    headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() == control.as_bytes())
}

/// Whether one of our own pages sends this form.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin")
}

/// `Set-Cookie` for a login that lasts so many seconds.
pub(crate) fn set(settings: &Settings, secret: &str, seconds: u64) -> String {
    let secure = if settings.apps_scheme == "https" { "; Secure" } else { "" };
    format!("{NAME}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// `Set-Cookie` that takes it away.
pub(crate) fn clear(settings: &Settings) -> String {
    set(settings, "", 0)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn of(method: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        of_call(&parts, "https://patr.example").map(str::to_owned)
    }

    const COOKIE: (&str, &str) = ("cookie", "a=1; patr_session=patr_s_x; b=2");

    #[test]
    fn a_call_from_our_own_page_has_the_secret_of_the_cookie() {
        let same = ("sec-fetch-site", "same-origin");
        assert_eq!(of("POST", &[COOKIE, same]).as_deref(), Some("patr_s_x"));
        assert_eq!(of("GET", &[COOKIE, ("sec-fetch-site", "none")]).as_deref(), Some("patr_s_x"));
    }

    #[test]
    fn a_call_that_another_page_makes_has_none() {
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(of("POST", &[COOKIE, ("sec-fetch-site", site)]), None, "{site}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(of("GET", &[COOKIE, ("sec-fetch-site", site)]), None, "{site}");
        }
        assert_eq!(of("POST", &[COOKIE]), None);
        assert_eq!(of("GET", &[COOKIE]), None);
    }

    #[test]
    fn a_websocket_of_our_own_page_has_it_by_the_origin_that_the_browser_says() {
        let upgrade = ("upgrade", "websocket");
        let origin = |origin| of("GET", &[COOKIE, upgrade, ("origin", origin)]);
        assert_eq!(origin("https://patr.example").as_deref(), Some("patr_s_x"));
        for other in ["https://shop.patr.example", "http://patr.example", "https://patr.example:8443", "null"]
        {
            assert_eq!(origin(other), None, "{other}");
        }
        assert_eq!(of("GET", &[COOKIE, upgrade]), None);
        assert_eq!(of("GET", &[COOKIE, ("origin", "https://patr.example")]), None, "no WebSocket");
        let claimed = [COOKIE, upgrade, ("origin", "https://patr.example"), ("sec-fetch-site", "same-site")];
        assert_eq!(of("GET", &claimed), None);
    }

    #[test]
    fn a_token_that_is_sent_counts_alone() {
        let headers = [COOKIE, ("sec-fetch-site", "same-origin"), ("authorization", "Bearer nonsense")];
        assert_eq!(of("GET", &headers), None);
    }

    #[test]
    fn only_the_secret_of_a_session_is_taken_from_a_cookie() {
        let token = ("cookie", "patr_session=patr_t_x");
        assert_eq!(of("GET", &[token, ("sec-fetch-site", "same-origin")]), None);
        let others = ("cookie", "xpatr_session=patr_s_x; patr_session_=patr_s_y");
        assert_eq!(of("GET", &[others, ("sec-fetch-site", "same-origin")]), None);
    }
}
