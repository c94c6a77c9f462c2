//! What a rule says of a path: literal text, `:placeholder` for a part of a segment, `*` for anything.

mod covers;

use std::{collections::BTreeMap, fmt, str::FromStr};

/// Longest pattern, in bytes; as Cloudflare's longest line.
const LENGTH_MAX: usize = 2_000;

/// Text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("`{0}` must begin with `/`, or with `https://` and a host without a port")]
    Start(String),
    #[error("`{0}` has `*` more than once: use `:name` for the parts of a path")]
    Splats(String),
    #[error("`{pattern}` has `:{name}` more than once")]
    Repeated { pattern: String, name: String },
    #[error("a pattern may have {LENGTH_MAX} bytes; this one has {0}")]
    Long(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// One or more characters, none of which is a `/`; in a host neither a `.`.
    Placeholder {
        name: String,
        in_host: bool,
    },
    /// Anything, and nothing too.
    Splat,
}

/// A pattern over paths, or over hosts and paths.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
    /// With `https://` and a host. The scheme of the request does not count.
    with_host: bool,
}

/// What placeholders stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captures(BTreeMap<String, String>);

impl Captures {
    /// Adds what `:name` stands for.
    pub fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// `text` with what the placeholders stand for in their place. Names that nothing was captured for stay.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(':') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            filled.push_str(before);
            let name = name_at_start(after);
            match self.0.get(name).filter(|_| !name.is_empty()) {
                Some(value) => filled.push_str(value),
                None => filled.push_str(&rest[at..at + 1 + name.len()]),
            }
            rest = &after[name.len()..];
        }
        filled.push_str(rest);
        filled
    }
}

/// The placeholder's name that `text` begins with: a letter, then letters, digits and `_`.
fn name_at_start(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return "";
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

impl Pattern {
    /// Whether it has neither placeholder nor splat, so that it can be looked up.
    pub fn is_exact(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// Whether it is over hosts too.
    pub fn has_host(&self) -> bool {
        self.with_host
    }

    /// As it was written, normalised.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `:name` would stand for something.
    pub fn captures(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(Part::name)
    }

    /// What is captured of a request, if it matches. The path is as it was asked for: percent-encoded.
    pub fn matches(&self, host: &str, path: &str) -> Option<Captures> {
        // The most common rules are told apart by how they begin.
        let whole;
        let subject = if self.with_host {
            whole = format!("https://{host}{path}");
            &whole
        } else {
            path
        };
        if let Some(Part::Literal(first)) = self.parts.first()
            && !subject.starts_with(first.as_str())
        {
            return None;
        }
        if self.is_exact() {
            return (subject == self.text).then(Captures::default);
        }
        capture(&self.parts, subject.as_bytes())
    }
}

/// Matches as a regular expression would: each part takes as much as it can while the rest still matches. Where the
/// rest can begin is found from the end first, so that no pattern takes more than parts × length steps.
fn capture(parts: &[Part], subject: &[u8]) -> Option<Captures> {
    let mut begins = vec![vec![false; subject.len() + 1]];
    begins[0][subject.len()] = true;
    for part in parts.iter().rev() {
        let rest = begins.last()?;
        begins.push(part.begins(subject, rest));
    }
    begins.reverse();
    let mut captures = Captures::default();
    let mut at = 0;
    for (part, rest) in parts.iter().zip(begins.get(1..)?) {
        let end = part.last_end(subject, at, rest)?;
        if let Some(name) = part.name() {
            captures.insert(name.to_owned(), String::from_utf8_lossy(&subject[at..end]).into_owned());
        }
        at = end;
    }
    Some(captures)
}

impl Part {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Placeholder { name, .. } => Some(name),
            Self::Splat => Some("splat"),
        }
    }

    /// Whether a byte can be within what this part takes.
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Placeholder { in_host, .. } => byte != b'/' && !(*in_host && byte == b'.'),
            Self::Splat => true,
        }
    }

    /// Where this part can begin, given where `rest` can.
    fn begins(&self, subject: &[u8], rest: &[bool]) -> Vec<bool> {
        let mut begins = vec![false; rest.len()];
        for at in (0..rest.len()).rev() {
            let goes_on = |begins: &[bool]| {
                subject.get(at).is_some_and(|&byte| self.takes(byte)) && (rest[at + 1] || begins[at + 1])
            };
            begins[at] = match self {
                Self::Literal(text) => subject[at..].starts_with(text.as_bytes()) && rest[at + text.len()],
                Self::Placeholder { .. } => goes_on(&begins),
                Self::Splat => rest[at] || goes_on(&begins),
            };
        }
        begins
    }

    /// The last place where this part, begun at `at`, can end so that `rest` can begin there.
    fn last_end(&self, subject: &[u8], at: usize, rest: &[bool]) -> Option<usize> {
        if let Self::Literal(text) = self {
            let end = at + text.len();
            return rest.get(end).copied().unwrap_or_default().then_some(end);
        }
        let taken = subject[at..].iter().take_while(|&&byte| self.takes(byte)).count();
        let least = usize::from(matches!(self, Self::Placeholder { .. }));
        (at + least..=at + taken).rev().find(|&end| rest[end])
    }
}

impl FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.len() > LENGTH_MAX {
            return Err(PatternError::Long(text.len()));
        }
        let start = || PatternError::Start(text.chars().take(80).collect());
        let (host, path) = match text.strip_prefix("https://") {
            Some(rest) => rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash)),
            None => ("", text),
        };
        let with_host = text.starts_with("https://");
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if !path.starts_with('/') || (with_host && host.is_empty()) || has_port {
            return Err(start());
        }
        let origin = if with_host { format!("https://{}", host.to_ascii_lowercase()) } else { String::new() };
        let path = normalise(path);
        let mut parts = Vec::new();
        split(&origin, true, &mut parts);
        split(&path, false, &mut parts);
        let pattern = Self { text: origin + &path, parts, with_host };
        pattern.check()?;
        Ok(pattern)
    }
}

impl Pattern {
    fn check(&self) -> Result<(), PatternError> {
        let mut seen = Vec::new();
        for name in self.names() {
            if seen.contains(&name) {
                let pattern = self.text.clone();
                return Err(match name {
                    "splat" => PatternError::Splats(pattern),
                    name => PatternError::Repeated { pattern, name: name.to_owned() },
                });
            }
            seen.push(name);
        }
        Ok(())
    }
}

/// The path as a browser sends it: what must be percent-encoded is, dot segments are resolved (WHATWG URL).
#[cfg(feature = "addresses")]
fn normalise(path: &str) -> String {
    let base = url::Url::parse("http://x").ok();
    let joined = base.map(|mut base| {
        base.set_path(path);
        base.path().to_owned()
    });
    joined.unwrap_or_else(|| path.to_owned())
}

/// As it is: whoever matches by it reads it again, with the feature.
#[cfg(not(feature = "addresses"))]
fn normalise(path: &str) -> String {
    path.to_owned()
}

/// Appends the parts of `text`, joining literals.
fn split(text: &str, in_host: bool, parts: &mut Vec<Part>) {
    let mut rest = text;
    let literal = |piece: &str, parts: &mut Vec<Part>| match parts.last_mut() {
        _ if piece.is_empty() => {}
        Some(Part::Literal(last)) => last.push_str(piece),
        _ => parts.push(Part::Literal(piece.to_owned())),
    };
    while let Some(at) = rest.find(['*', ':']) {
        literal(&rest[..at], parts);
        let after = &rest[at + 1..];
        let name = if rest[at..].starts_with('*') { "" } else { name_at_start(after) };
        match (rest.as_bytes()[at], name) {
            (b'*', _) => parts.push(Part::Splat),
            (_, "") => literal(":", parts),
            (_, name) => parts.push(Part::Placeholder { name: name.to_owned(), in_host }),
        }
        rest = &after[name.len()..];
    }
    literal(rest, parts);
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl schemars::JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^(/|https://)", "maxLength": LENGTH_MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `target` filled with what `pattern` captures of a path, or `None`.
    fn filled(pattern: &str, path: &str, target: &str) -> Option<String> {
        let pattern: Pattern = pattern.parse().unwrap();
        pattern.matches("example.com", path).map(|captures| captures.fill(target))
    }

    #[test]
    fn an_exact_pattern_matches_itself_only() {
        assert!(filled("/a", "/a", "").is_some());
        assert!(filled("/a", "/a/", "").is_none());
        assert!(filled("/a", "/ab", "").is_none());
        assert!(filled("/a b", "/a%20b", "").is_some(), "as a browser sends it");
    }

    #[test]
    fn a_placeholder_takes_a_part_of_a_segment_and_at_least_one_character() {
        assert_eq!(filled("/blog/:post", "/blog/hi", "/news/:post"), Some("/news/hi".to_owned()));
        assert_eq!(filled("/blog/:post", "/blog/", "x"), None);
        assert_eq!(filled("/blog/:post", "/blog/a/b", "x"), None);
        assert_eq!(filled("/:a-:b", "/x-y-z", ":a|:b"), Some("x-y|z".to_owned()));
        assert_eq!(filled("/:year/:year_2", "/1/2", ":year_2/:year"), Some("2/1".to_owned()));
    }

    #[test]
    fn a_splat_takes_anything_and_nothing() {
        assert_eq!(filled("/a/*", "/a/b/c", "/z/:splat"), Some("/z/b/c".to_owned()));
        assert_eq!(filled("/a/*", "/a/", "/z/:splat"), Some("/z/".to_owned()));
        assert_eq!(filled("/a/*", "/a", "x"), None);
        assert_eq!(filled("/*.php", "/x/y.php", ":splat"), Some("x/y".to_owned()));
        assert_eq!(filled("/*/end/:x", "/a/end/b/end/c", ":splat|:x"), Some("a/end/b|c".to_owned()));
    }

    #[test]
    fn a_host_is_matched_whatever_the_scheme_and_its_placeholders_stop_at_dots() {
        let pattern: Pattern = "https://:sub.example.com/*".parse().unwrap();
        let captures = pattern.matches("www.example.com", "/x").unwrap();
        assert_eq!(captures.fill(":sub :splat"), "www x");
        assert!(pattern.matches("a.b.example.com", "/x").is_none());
        assert!(pattern.matches("www.example.org", "/x").is_none());
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        assert_eq!(
            filled("/a:1/:b", "/a:1/x", "https://y.example:80/:b/:c"),
            Some("https://y.example:80/x/:c".to_owned())
        );
    }

    #[test]
    fn a_wrong_pattern_is_refused_by_what_is_wrong() {
        let wrong = |text: &str| text.parse::<Pattern>().unwrap_err();
        assert!(matches!(wrong("a"), PatternError::Start(_)));
        assert!(matches!(wrong("https://x.example:8080/"), PatternError::Start(_)));
        assert!(matches!(wrong("/*/*"), PatternError::Splats(_)));
        assert!(matches!(wrong("/:splat/*"), PatternError::Splats(_)));
        assert!(matches!(wrong("/:a/:a"), PatternError::Repeated { .. }));
        assert!(matches!(wrong(&format!("/{}", "x".repeat(2000))), PatternError::Long(2001)));
    }

    #[test]
    fn a_long_path_and_a_hard_pattern_take_no_time() {
        let path = format!("/{}", "a-".repeat(1000));
        assert_eq!(filled("/:a-:b-:c-:d-:e-:f!", &path, ""), None);
    }
}
