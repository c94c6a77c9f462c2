//! Whether a request may be answered from what is kept (RFC 9111, 4).

use super::{date, directives::Directives, fields::Fields, status::Forward};
use crate::ingress::site::none_match_fails;

/// A request.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) fields: &'a dyn Fields,
}

/// What is done with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Use {
    Lookup(Wanted),
    /// The target is asked, and nothing is kept.
    Pass(Forward),
}

/// What a client wants of an answer that was kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// None that is not checked.
    pub(super) checked: bool,
    /// Not older than this, in seconds.
    pub(super) max_age: Option<u64>,
    /// Fresh for at least this long, in seconds.
    pub(super) min_fresh: u64,
    /// Nothing else at all.
    pub(super) only_if_cached: bool,
}

impl Asked<'_> {
    pub(super) fn decide(&self) -> Use {
        if !matches!(self.method, "GET" | "HEAD") {
            return Use::Pass(Forward::Method);
        }
        // What is for somebody who has proved who they are is neither kept nor looked for, whatever the answer allows.
        if self.fields.has("authorization") || self.fields.has("upgrade") {
            return Use::Pass(Forward::Bypass);
        }
        let directives = Directives::of(self.fields);
        if directives.no_store {
            return Use::Pass(Forward::Request);
        }
        Use::Lookup(Wanted {
            checked: directives.no_cache,
            max_age: directives.max_age,
            min_fresh: directives.min_fresh.unwrap_or_default(),
            only_if_cached: directives.only_if_cached,
        })
    }

    /// Whether what is kept of the address is no longer true once this was answered so (4.4).
    pub(super) fn invalidates(&self, status: u16) -> bool {
        let safe = matches!(self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        !safe && (200..400).contains(&status)
    }

    /// The part that is asked for; all of it where that is bound to a condition, which is always right.
    pub(super) fn range(&self) -> Option<String> {
        self.fields.get("range").filter(|_| self.is_get() && !self.fields.has("if-range"))
    }

    /// Whether the client has the answer with these fields already (RFC 9110, 13.1).
    pub(super) fn has_already(&self, answer: &dyn Fields) -> bool {
        if let Some(tags) = self.fields.get("if-none-match") {
            let tag = answer.get("etag").unwrap_or_default();
            return none_match_fails(&tags, tag.strip_prefix("W/").unwrap_or(&tag));
        }
        let at = |fields: &dyn Fields, name: &str| fields.get(name).and_then(|text| date::parse(&text));
        let since = at(self.fields, "if-modified-since");
        since.zip(at(answer, "last-modified")).is_some_and(|(since, modified)| modified <= since)
    }

    pub(super) fn is_get(&self) -> bool {
        self.method == "GET"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(method: &str, fields: &[(&str, &str)]) -> Use {
        Asked { method, fields: &fields }.decide()
    }

    #[test]
    fn only_what_nobody_in_particular_asks_for_is_looked_for() {
        for method in ["GET", "HEAD"] {
            assert_eq!(decide(method, &[("cookie", "a=b")]), Use::Lookup(Wanted::default()));
        }
        for (method, name, value, why) in [
            ("POST", "accept", "*/*", Forward::Method),
            ("GET", "authorization", "Basic eDp5", Forward::Bypass),
            ("GET", "upgrade", "websocket", Forward::Bypass),
            ("GET", "cache-control", "no-store", Forward::Request),
        ] {
            assert_eq!(decide(method, &[(name, value)]), Use::Pass(why), "{method} {name}");
        }
    }

    #[test]
    fn what_a_client_wants_of_an_answer_is_heard() {
        let wanted = |value| match decide("GET", &[("cache-control", value)]) {
            Use::Lookup(wanted) => wanted,
            passed @ Use::Pass(_) => panic!("{value}: {passed:?}"),
        };
        assert!(wanted("no-cache").checked);
        assert_eq!(wanted("max-age=0").max_age, Some(0));
        assert_eq!(wanted("min-fresh=5").min_fresh, 5);
        assert!(wanted("only-if-cached").only_if_cached);
    }

    #[test]
    fn a_client_has_an_answer_whose_tag_or_time_it_names() {
        const SUNDAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        const MONDAY: &str = "Mon, 07 Nov 1994 08:49:37 GMT";
        let has = |asked: &[(&str, &str)], answer: &[(&str, &str)]| {
            Asked { method: "GET", fields: &asked }.has_already(&answer)
        };
        assert!(has(&[("if-none-match", "\"a\", \"b\"")], &[("etag", "W/\"b\"")]));
        assert!(!has(&[("if-none-match", "\"a\"")], &[("etag", "\"b\"")]));
        assert!(!has(&[("if-none-match", "\"a\"")], &[]));
        assert!(has(&[("if-modified-since", SUNDAY)], &[("last-modified", SUNDAY)]));
        assert!(!has(&[("if-modified-since", SUNDAY)], &[("last-modified", MONDAY)]));
        let both = [("if-none-match", "\"a\""), ("if-modified-since", MONDAY)];
        assert!(!has(&both, &[("etag", "\"b\""), ("last-modified", SUNDAY)]), "the tag counts");
        assert!(!has(&[], &[("etag", "\"b\"")]));
    }

    #[test]
    fn a_part_is_asked_for_unless_that_depends() {
        let range = |fields: &[(&str, &str)]| Asked { method: "GET", fields: &fields }.range();
        assert_eq!(range(&[("range", "bytes=0-1")]).as_deref(), Some("bytes=0-1"));
        assert_eq!(range(&[("range", "bytes=0-1"), ("if-range", "\"a\"")]), None);
    }

    #[test]
    fn a_change_that_succeeded_makes_what_is_kept_untrue() {
        let invalidates = |method, status| {
            let fields: &[(&str, &str)] = &[];
            Asked { method, fields: &fields }.invalidates(status)
        };
        assert!(invalidates("POST", 201) && invalidates("DELETE", 204) && invalidates("PUT", 303));
        assert!(!invalidates("POST", 404) && !invalidates("OPTIONS", 200) && !invalidates("HEAD", 200));
    }
}
