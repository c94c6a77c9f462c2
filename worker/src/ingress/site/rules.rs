//! The rules of a version, made ready to be asked for each request.

use std::collections::HashMap;

use patr_models::site::{
    config::ServeConfig,
    manifest::ManifestError,
    rules::{Captures, Facts, Redirect},
};
use worker::Url;

use super::{asked::Asked, fields::Headers, path::tidy};

/// A configuration with an index over those of its redirects that need not be tried.
pub(super) struct Rules {
    pub(super) config: ServeConfig,
    /// Where a redirect without placeholders or conditions stands in the file.
    exact: HashMap<Box<str>, usize>,
    /// Where the others stand, in the order of the file.
    dynamic: Vec<usize>,
    /// Whether some rule is over hosts, and whether some rule asks more of a request than its path.
    with_host: bool,
    with_conditions: bool,
}

/// What a redirect has decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ruled {
    /// Lead the browser there. `personal` if not everybody is led there.
    Lead { status: u16, location: String, personal: bool },
    /// Answer with what is at this path of the site, with this status.
    Rewrite { status: u16, path: String },
    /// Answer with what is at this address.
    Elsewhere(String),
}

impl Rules {
    /// Reads and indexes what a manifest holds.
    pub(super) fn compile(config: &[u8]) -> Result<Self, ManifestError> {
        let config = ServeConfig::read(config)?;
        let mut rules = Self {
            exact: HashMap::new(),
            dynamic: Vec::new(),
            with_host: config.redirects.iter().any(|rule| rule.from.has_host()),
            with_conditions: config.redirects.iter().any(|rule| !rule.when.is_empty()),
            config,
        };
        for (at, rule) in rules.config.redirects.iter().enumerate() {
            if rule.is_dynamic() {
                rules.dynamic.push(at);
            } else {
                rules.exact.entry(rule.from.as_str().into()).or_insert(at);
            }
        }
        Ok(rules)
    }

    /// What the first redirect says that applies, in the order of the file.
    pub(super) fn redirect(&self, asked: &Asked<'_>) -> Option<Ruled> {
        if self.config.redirects.is_empty() {
            return None;
        }
        let exact = self.exact(asked);
        let conditions = Conditions::read(asked, self.with_conditions);
        let before = self.dynamic.iter().copied().take_while(|at| exact.is_none_or(|exact| *at < exact));
        let tried = before.filter_map(|at| {
            let rule = self.config.redirects.get(at)?;
            let mut captures = rule.from.matches(asked.host, asked.path)?;
            rule.when.hold(&conditions.facts(asked), &mut captures).then_some((rule, captures))
        });
        let found = exact.and_then(|at| Some((self.config.redirects.get(at)?, Captures::default())));
        tried.chain(found).find_map(|(rule, captures)| rule_says(rule, &captures, asked))
    }

    fn exact(&self, asked: &Asked<'_>) -> Option<usize> {
        let here = self.exact.get(asked.path).copied();
        if !self.with_host {
            return here;
        }
        let there = self.exact.get(format!("https://{}{}", asked.host, asked.path).as_str()).copied();
        here.into_iter().chain(there).min()
    }

    /// Applies the header rules, all that match.
    pub(super) fn headers(&self, asked: &Asked<'_>, headers: &mut Headers<'_>) {
        let mut ours: Vec<&str> = Vec::new();
        let coded = headers.iter().any(|(name, _)| name == "vary");
        for rule in &self.config.headers {
            let Some(captures) = rule.path.matches(asked.host, asked.path) else { continue };
            for name in &rule.unset {
                headers.remove(name);
            }
            for (name, value) in &rule.set {
                if ours.contains(&name.as_str()) {
                    headers.append(name.clone(), captures.fill(value));
                } else {
                    headers.set(name.clone(), captures.fill(value));
                    ours.push(name);
                }
            }
        }
        // Without it a cache would give one client's coding to another, whatever else a rule says of `Vary`.
        if coded && !headers.iter().any(|(name, value)| name == "vary" && value.contains("Accept-Encoding")) {
            headers.append("vary", "Accept-Encoding");
        }
    }
}

/// What conditions are asked of; read only where there are some.
#[derive(Default)]
struct Conditions {
    country: Option<String>,
    accept_language: String,
    cookie: String,
}

impl Conditions {
    fn read(asked: &Asked<'_>, wanted: bool) -> Self {
        if !wanted {
            return Self::default();
        }
        Self {
            country: asked.fields.country(),
            accept_language: asked.fields.get("accept-language").unwrap_or_default(),
            cookie: asked.fields.get("cookie").unwrap_or_default(),
        }
    }

    fn facts<'a>(&'a self, asked: &Asked<'a>) -> Facts<'a> {
        Facts {
            query: asked.query.unwrap_or_default(),
            country: self.country.as_deref(),
            accept_language: &self.accept_language,
            cookie: &self.cookie,
        }
    }
}

/// What one redirect says; nothing when what was captured makes no address of its target, or when it leads to the
/// very address that was asked for.
fn rule_says(rule: &Redirect, captures: &Captures, asked: &Asked<'_>) -> Option<Ruled> {
    let to = captures.fill(&rule.to);
    let to = Target::split(&to);
    let external = to.path.contains("://");
    if external && Url::parse(to.path).is_err() {
        return None;
    }
    match (rule.is_rewrite(), external) {
        (true, true) => Some(Ruled::Elsewhere(to.with_query(to.path, asked.query))),
        (true, false) => Some(Ruled::Rewrite { status: rule.status, path: tidy(to.path) }),
        (false, _) => {
            let path =
                if external { to.path.to_owned() } else { format!("{}{}", asked.prefix, tidy(to.path)) };
            let location = to.with_query(&path, asked.query) + to.fragment;
            let circle = !external && leads_back(&location, asked);
            (!circle).then_some(Ruled::Lead {
                status: rule.status,
                location,
                personal: !rule.when.is_empty(),
            })
        }
    }
}

fn leads_back(location: &str, asked: &Asked<'_>) -> bool {
    let (path, query) =
        location.split_once('?').map_or((location, None), |(path, query)| (path, Some(query)));
    query == asked.query && path.strip_prefix(asked.prefix).is_some_and(|path| path == asked.path)
}

/// The target of a rule in its parts.
struct Target<'a> {
    path: &'a str,
    query: Option<&'a str>,
    /// With its `#`, or empty.
    fragment: &'a str,
}

impl<'a> Target<'a> {
    fn split(to: &'a str) -> Self {
        let (rest, fragment) = to.split_at(to.find('#').unwrap_or(to.len()));
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        Self { path, query: query.filter(|query| !query.is_empty()), fragment }
    }

    /// Its own query counts, and else that of the request.
    fn with_query(&self, path: &str, asked: Option<&str>) -> String {
        match self.query.or(asked) {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
