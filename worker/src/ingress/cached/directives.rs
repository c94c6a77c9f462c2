//! `Cache-Control` (RFC 9111, 5.2).

use super::{fields::Fields, keep::LONG};

/// What a message says about keeping it. Of a directive that comes twice the first counts; one with a list of fields
/// (`private="x"`) is taken for one about all of the message, which is the safe side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Directives {
    pub(super) no_store: bool,
    pub(super) no_cache: bool,
    pub(super) private: bool,
    pub(super) public: bool,
    /// `must-revalidate`, or `proxy-revalidate`, which for a shared cache is the same.
    pub(super) must_revalidate: bool,
    pub(super) only_if_cached: bool,
    pub(super) max_age: Option<u64>,
    pub(super) s_maxage: Option<u64>,
    pub(super) min_fresh: Option<u64>,
    pub(super) stale_if_error: Option<u64>,
}

impl Directives {
    /// Of a message. `Pragma` counts where there is no `Cache-Control` (5.4).
    pub(super) fn of(fields: &dyn Fields) -> Self {
        match fields.get("cache-control") {
            Some(text) => Self::parse(&text),
            None => {
                let pragma = fields.get("pragma").unwrap_or_default();
                Self { no_cache: pragma.eq_ignore_ascii_case("no-cache"), ..Self::default() }
            }
        }
    }

    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for directive in split(text) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = || Some(seconds(value));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => all.no_store = true,
                "no-cache" => all.no_cache = true,
                "private" => all.private = true,
                "public" => all.public = true,
                "must-revalidate" | "proxy-revalidate" => all.must_revalidate = true,
                "only-if-cached" => all.only_if_cached = true,
                "max-age" => all.max_age = all.max_age.or_else(seconds),
                "s-maxage" => all.s_maxage = all.s_maxage.or_else(seconds),
                "min-fresh" => all.min_fresh = all.min_fresh.or_else(seconds),
                "stale-if-error" => all.stale_if_error = all.stale_if_error.or_else(seconds),
                _ => {}
            }
        }
        all
    }
}

/// A number of seconds; what is none is taken for stale (4.2.1), and what is too large for very long (1.2.2).
fn seconds(value: &str) -> u64 {
    let digits = value.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    digits.parse().unwrap_or(u64::MAX).min(LONG)
}

/// The parts of a list. A comma within quotes is a part of a part.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_whatever_their_case_and_quotes() {
        let all = Directives::parse("Public, MAX-AGE=60 ,s-maxage=\"5\", stale-if-error=9,,unknown=7");
        let expected = Directives {
            public: true,
            max_age: Some(60),
            s_maxage: Some(5),
            stale_if_error: Some(9),
            ..Directives::default()
        };
        assert_eq!(all, expected);
    }

    #[test]
    fn a_list_of_fields_is_one_value_and_is_taken_for_all_of_them() {
        let all = Directives::parse("private=\"a, max-age=60\", no-cache=\"set-cookie\"");
        assert_eq!((all.private, all.no_cache, all.max_age), (true, true, None));
    }

    #[test]
    fn a_time_that_is_none_is_over_and_one_that_is_too_long_is_long() {
        for (text, expected) in [
            ("max-age=", 0),
            ("max-age", 0),
            ("max-age=-1", 0),
            ("max-age=1.5", 0),
            ("max-age=1, max-age=2", 1),
            ("max-age=99999999999999999999999", LONG),
        ] {
            assert_eq!(Directives::parse(text).max_age, Some(expected), "{text}");
        }
    }

    #[test]
    fn pragma_counts_only_in_place_of_cache_control() {
        let of = |fields: &[(&str, &str)]| Directives::of(&fields).no_cache;
        assert!(of(&[("pragma", "no-cache")]));
        assert!(!of(&[("pragma", "no-cache"), ("cache-control", "max-age=1")]));
    }
}
