//! What every answer of the control host tells a browser: to read nothing into it, to show it in no frame, to keep it from
//! other origins, and to come back over https. There is no `Access-Control-*` anywhere: pages of other origins read nothing.

use http::{HeaderMap, HeaderName, HeaderValue};

const ALWAYS: [(&str, &str); 7] = [
    // A page says for itself what it needs.
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    // Not `no-referrer`: with that a browser hides from us that a form of ours comes from us (Fetch, 3.2.6).
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// Two years, in seconds. Not for the hosts below: those that are somebody's may want http.
const HTTPS: (&str, &str) = ("strict-transport-security", "max-age=63072000");

/// The headers, each with its value; the last one only where the control host has https.
pub(crate) fn all(https: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    ALWAYS.into_iter().chain(https.then_some(HTTPS))
}

/// Adds those that an answer does not have.
pub(crate) fn add(to: &mut HeaderMap, https: bool) {
    for (name, value) in all(https) {
        to.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use crate::testing::App;

    /// Answers of every kind, of an API over https.
    fn answers(app: &App, headers: &[(&str, &str)]) -> Vec<crate::testing::Answered> {
        let ask = |method, path: &str| app.anonymous().with_headers(method, path, headers, "");
        vec![
            ask(Method::GET, "/api/v1/info"),
            ask(Method::GET, "/api/v1/workspaces"),
            ask(Method::GET, "/api/v1/nothing"),
            ask(Method::OPTIONS, "/api/v1/info"),
            ask(Method::POST, "/api/v1/log-in"),
        ]
    }

    #[test]
    fn every_answer_tells_a_browser_to_be_careful() {
        let app = App::new();
        for answer in answers(&app, &[]) {
            for (name, value) in super::all(true) {
                assert_eq!(answer.header(name), Some(value), "{}", answer.status());
            }
        }
    }

    #[test]
    fn only_an_installation_with_https_asks_for_it() {
        let mut app = App::new();
        app.settings.apps_scheme = "http".to_owned();
        for answer in answers(&app, &[]) {
            assert_eq!(answer.header("strict-transport-security"), None);
        }
    }

    #[test]
    fn pages_of_other_origins_are_let_read_nothing() {
        let app = App::new();
        let preflight = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ];
        for answer in answers(&app, &preflight) {
            for name in ["origin", "credentials", "methods", "headers", "expose-headers", "max-age"] {
                assert_eq!(answer.header(&format!("access-control-allow-{name}")), None);
                assert_eq!(answer.header(&format!("access-control-{name}")), None);
            }
        }
        assert_eq!(
            answers(&app, &preflight)[3].status(),
            405,
            "a preflight is refused as any unknown method is"
        );
    }
}
