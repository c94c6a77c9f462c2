//! Rules over the paths of a site: redirects, rewrites and headers, as `_redirects` and `_headers` write them.
//!
//! The syntax and the semantics are those of Cloudflare's static assets, and of Netlify where those have nothing;
//! `docs/sites.md` lists them. [`redirects_file`] and [`headers_file`] read the two files, for the CLI; the ingress
//! reads only what they made of them.

pub mod headers_file;
mod pattern;
pub mod redirects_file;

pub use pattern::{Captures, Pattern, PatternError};

/// A line of `_redirects`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    pub from: Pattern,
    /// A path of the site, or an address with scheme. `:name` and `:splat` stand for what `from` captured.
    pub to: String,
    /// 200 and 404 answer with what is at `to`; 301, 302, 303, 307 and 308 lead there.
    pub status: u16,
    /// What must hold of the request besides its path.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
}

impl Redirect {
    /// Whether it has to be tried, and cannot be looked up by path.
    pub fn is_dynamic(&self) -> bool {
        !self.from.is_exact() || !self.when.is_empty()
    }

    /// Whether the address of the browser stays.
    pub fn is_rewrite(&self) -> bool {
        matches!(self.status, 200 | 404)
    }
}

/// What must hold of a request; all of it. Of a list, one.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Parameters of the query. `:name` captures the value, anything else is compared with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// ISO 3166-1 alpha-2, in lower case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<String>,
    /// Language ranges (RFC 4647, 2.1), in lower case, of which one must be what the reader prefers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub language: Vec<String>,
    /// Names of cookies of which one must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cookie: Vec<String>,
}

impl Conditions {
    /// Whether nothing is asked of the request.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether they hold; adds what the query captures.
    pub fn hold(&self, request: &Facts<'_>, captures: &mut Captures) -> bool {
        let one_of = |allowed: &[String], given: Option<&str>| {
            allowed.is_empty()
                || given
                    .is_some_and(|given| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(given)))
        };
        one_of(&self.country, request.country)
            && (self.language.is_empty() || self.prefers_one_of(request.accept_language))
            && (self.cookie.is_empty() || self.has_a_cookie(request.cookie))
            && self.query_holds(request.query, captures)
    }

    /// Whether the most preferred language is one of these: `de` covers `de-AT`.
    fn prefers_one_of(&self, accept: &str) -> bool {
        let quality = |range: &str| {
            let q = range.split(';').skip(1).find_map(|part| part.trim().strip_prefix("q="));
            q.map_or(Some(1.0), |q| q.parse::<f32>().ok()).unwrap_or_default()
        };
        let mut best: Option<(&str, f32)> = None;
        for range in accept.split(',') {
            let (tag, quality) = (range.split(';').next().unwrap_or_default().trim(), quality(range));
            if !tag.is_empty() && best.is_none_or(|(_, best)| quality > best) {
                best = Some((tag, quality));
            }
        }
        let Some((preferred, _)) = best.filter(|(_, quality)| *quality > 0.0) else { return false };
        let preferred = preferred.to_ascii_lowercase();
        self.language.iter().any(|language| {
            preferred
                .strip_prefix(language.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }

    fn has_a_cookie(&self, header: &str) -> bool {
        let mut names = header.split(';').filter_map(|pair| pair.split('=').next()).map(str::trim);
        names.any(|name| self.cookie.iter().any(|wanted| wanted == name))
    }

    fn query_holds(&self, query: &str, captures: &mut Captures) -> bool {
        self.query.iter().all(|(name, wanted)| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let Some((_, value)) = pairs.find(|(given, _)| given == name) else { return false };
            match wanted.strip_prefix(':') {
                Some(placeholder) => {
                    // As it may stand in an address again: in a path too, where `+` is no space.
                    let coded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                    captures.insert(placeholder.to_owned(), coded.replace('+', "%20"));
                    true
                }
                None => *wanted == value,
            }
        })
    }
}

/// What conditions are asked of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    pub query: &'a str,
    pub country: Option<&'a str>,
    pub accept_language: &'a str,
    pub cookie: &'a str,
}

/// A block of `_headers`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    pub path: Pattern,
    /// Names in lower case. Replaces what is there, and adds to what an earlier rule has set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(String, String)>,
    /// Names in lower case that are taken away, before `set`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(when: &Conditions, facts: Facts<'_>) -> bool {
        when.hold(&facts, &mut Captures::default())
    }

    #[test]
    fn the_language_that_is_preferred_counts_and_covers_its_regions() {
        let german = Conditions { language: vec!["de".to_owned()], ..Conditions::default() };
        let accepts = |accept_language| hold(&german, Facts { accept_language, ..Facts::default() });
        assert!(accepts("de"));
        assert!(accepts("de-AT, en;q=0.5"));
        assert!(accepts("en;q=0.5, DE;q=0.9"));
        assert!(!accepts("en, de;q=0.9"));
        assert!(!accepts("den"));
        assert!(!accepts(""));
    }

    #[test]
    fn a_query_is_compared_or_captured() {
        let when = Conditions {
            query: vec![("a".to_owned(), "1".to_owned()), ("id".to_owned(), ":id".to_owned())],
            ..Conditions::default()
        };
        let mut captures = Captures::default();
        assert!(when.hold(&Facts { query: "id=x%20y&a=1", ..Facts::default() }, &mut captures));
        assert_eq!(captures.fill("/item/:id"), "/item/x%20y");
        assert!(!hold(&when, Facts { query: "id=x&a=2", ..Facts::default() }));
        assert!(!hold(&when, Facts { query: "a=1", ..Facts::default() }));
    }

    #[test]
    fn a_cookie_is_known_by_its_whole_name_and_a_country_by_its_code() {
        let cookie = Conditions { cookie: vec!["beta".to_owned()], ..Conditions::default() };
        assert!(hold(&cookie, Facts { cookie: "a=1; beta=yes", ..Facts::default() }));
        assert!(!hold(&cookie, Facts { cookie: "betas=1", ..Facts::default() }));
        let country = Conditions { country: vec!["at".to_owned(), "ch".to_owned()], ..Conditions::default() };
        assert!(hold(&country, Facts { country: Some("CH"), ..Facts::default() }));
        assert!(!hold(&country, Facts::default()));
    }
}
