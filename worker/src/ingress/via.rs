//! The managed URL that a request came in by, and what its options do to the request.

use std::{net::IpAddr, time::Duration};

use patr_models::managed_url::{PathPrefix, Route};

use super::{address::Address, pages::Page};

/// A managed URL, and what a request has below its path.
pub(super) struct Via<'a> {
    pub(super) route: &'a Route,
    /// With a slash at its beginning, or empty.
    pub(super) rest: &'a str,
}

impl Via<'_> {
    /// Whether it matters who asks.
    pub(super) fn is_restricted(&self) -> bool {
        !self.route.options.allow.is_empty()
    }

    /// Whether a client may not ask. One whose address cannot be read is nobody who is allowed.
    pub(super) fn refuses(&self, client: &str) -> bool {
        self.is_restricted()
            && !client.parse::<IpAddr>().is_ok_and(|address| self.route.options.allows(address))
    }

    /// The largest body of a request.
    pub(super) fn largest_body(&self) -> Option<u64> {
        self.route.options.max_body_bytes
    }

    /// How long the beginning of an answer is waited for.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.route.options.timeout_s.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Whether answers are kept.
    pub(super) fn caches(&self) -> bool {
        self.route.options.cache
    }

    /// Path and query as a deployment sees them.
    pub(super) fn target(&self, address: &Address) -> String {
        if !self.strips() {
            return address.target().to_owned();
        }
        let path = if self.rest.is_empty() { "/" } else { self.rest };
        address.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    /// Changes the headers that go onward.
    pub(super) fn adapt(&self, headers: &mut Vec<(String, String)>) {
        if let Some(host) = &self.route.options.host_header {
            headers.retain(|(name, _)| name != "host");
            headers.push(("host".to_owned(), host.to_string()));
        }
        if self.strips() {
            headers.push(("x-forwarded-prefix".to_owned(), self.route.path.to_string()));
        }
    }

    fn strips(&self) -> bool {
        self.route.options.strip_prefix && self.route.path != PathPrefix::root()
    }
}

/// Why a request is answered at the door.
pub(super) fn too_large(declared: Option<u64>, largest: Option<u64>) -> Option<Page<'static>> {
    let largest = largest?;
    (declared? > largest).then_some(Page::TooLarge(largest))
}

#[cfg(test)]
mod tests {
    use patr_models::{
        ids::{Id, ManagedUrlId},
        managed_url::{RouteTarget, UrlOptions},
        time::Millis,
    };

    use super::*;

    fn route(path: &str, options: UrlOptions) -> Route {
        Route {
            url: ManagedUrlId::from_parts(Millis(0), 0),
            generation: 1,
            path: path.parse().unwrap(),
            options,
            to: RouteTarget::Stopped { what: String::new() },
        }
    }

    fn seen(prefix: &str, strip_prefix: bool, url: &str) -> (String, Vec<(String, String)>) {
        let route = route(prefix, UrlOptions { strip_prefix, ..UrlOptions::default() });
        let address = Address::new(url.to_owned());
        let via = Via { route: &route, rest: route.path.strip(address.path()).unwrap() };
        let mut headers = Vec::new();
        via.adapt(&mut headers);
        (via.target(&address), headers)
    }

    #[test]
    fn a_prefix_is_taken_off_and_named_when_that_is_wanted() {
        let prefix = vec![("x-forwarded-prefix".to_owned(), "/api".to_owned())];
        for (url, target) in [
            ("http://a.example/api/v1?q=/api", "/v1?q=/api"),
            ("http://a.example/api", "/"),
            ("http://a.example/api?q", "/?q"),
            ("http://a.example/api/", "/"),
        ] {
            assert_eq!(seen("/api", true, url), (target.to_owned(), prefix.clone()), "{url}");
        }
        let whole = "http://a.example/api/v1?q";
        assert_eq!(seen("/api", false, whole), ("/api/v1?q".to_owned(), Vec::new()));
        assert_eq!(
            seen("/", true, whole),
            ("/api/v1?q".to_owned(), Vec::new()),
            "there is nothing to take off"
        );
    }

    #[test]
    fn a_host_that_is_set_takes_the_place_of_what_was_asked_for() {
        let options =
            UrlOptions { host_header: Some("inside.example".parse().unwrap()), ..UrlOptions::default() };
        let route = route("/", options);
        let mut headers = vec![("host".to_owned(), "a.example".to_owned())];
        Via { route: &route, rest: "/" }.adapt(&mut headers);
        assert_eq!(headers, [("host".to_owned(), "inside.example".to_owned())]);
    }

    #[test]
    fn only_clients_of_the_networks_may_ask_once_there_are_any() {
        let refused = |networks: &[&str], client: &str| {
            let allow = networks.iter().map(|network| network.parse().unwrap()).collect();
            let route = route("/", UrlOptions { allow, ..UrlOptions::default() });
            Via { route: &route, rest: "/" }.refuses(client)
        };
        assert!(!refused(&[], "nobody knows"));
        assert!(!refused(&["127.0.0.0/8", "::1"], "127.0.0.1"));
        assert!(!refused(&["127.0.0.0/8", "::1"], "::1"));
        assert!(refused(&["203.0.113.0/24"], "127.0.0.1"));
        assert!(refused(&["0.0.0.0/0", "::/0"], "nobody knows"));
    }

    #[test]
    fn a_body_that_says_it_is_too_large_is_refused_before_it_is_read() {
        let refused = |declared, largest| too_large(declared, largest).is_some();
        assert!(refused(Some(11), Some(10)));
        assert!(!refused(Some(10), Some(10)));
        assert!(!refused(None, Some(10)), "only reading it will tell");
        assert!(!refused(Some(11), None));
    }
}
