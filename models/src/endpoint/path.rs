//! Path templates, checked while compiling, and matched by segments.

use std::{borrow::Cow, fmt::Display, str::FromStr};

pub use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::auth::AuthKind;

/// What a parameter may not hold literally (RFC 3986, 3.3: `pchar`, less what would be misread).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// A path such as `/api/v1/runners/{runner}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathTemplate(&'static str);

impl PathTemplate {
    /// Fails to compile (in a `const`) with the sentence `wrong` when `params` are not exactly the template's, in
    /// order.
    #[track_caller] // The error points at the declaration.
    pub const fn new(template: &'static str, params: &[&str], wrong: &'static str) -> Self {
        let bytes = template.as_bytes();
        assert!(!bytes.is_empty() && bytes[0] == b'/', "a path begins with `/`");
        let (mut at, mut found) = (0, 0);
        while at < bytes.len() {
            if bytes[at] == b'{' {
                let start = at + 1;
                while at < bytes.len() && bytes[at] != b'}' {
                    at += 1;
                }
                assert!(at < bytes.len(), "a brace in the path is not closed");
                let fits = found < params.len() && same(bytes, start, at, params[found].as_bytes());
                assert!(fits, "{}", wrong);
                found += 1;
            }
            at += 1;
        }
        assert!(found == params.len(), "{}", wrong);
        Self(template)
    }

    /// The template as written.
    pub const fn as_str(&self) -> &'static str {
        self.0
    }

    /// The parameters of `path` when it fits, percent-decoded; segments that are not UTF-8 do not fit.
    pub fn matches(&self, path: &str) -> Option<Vec<String>> {
        let mut values = Vec::new();
        let mut segments = path.split('/');
        for expected in self.0.split('/') {
            let segment = segments.next()?;
            if expected.starts_with('{') {
                if segment.is_empty() {
                    return None;
                }
                values.push(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
            } else if expected != segment {
                return None;
            }
        }
        segments.next().is_none().then_some(values)
    }

    /// The path with `values` in place of its parameters.
    pub fn fill(&self, values: &[String]) -> String {
        let mut values = values.iter();
        let segments = self.0.split('/').map(|segment| {
            let value = if segment.starts_with('{') { values.next() } else { None };
            value.map_or(Cow::Borrowed(segment), |value| utf8_percent_encode(value, SEGMENT).into())
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

const fn same(template: &[u8], start: usize, end: usize, name: &[u8]) -> bool {
    if end - start != name.len() {
        return false;
    }
    let mut at = 0;
    while at < name.len() {
        if template[start + at] != name[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Fails to compile when authentication, permission and path contradict each other.
#[track_caller]
pub const fn check_auth(kind: AuthKind, has_permission: bool, path: &PathTemplate) {
    let member = matches!(kind, AuthKind::Member);
    assert!(
        !member || has_permission,
        "`auth: Member` needs what the member must be allowed to do, as in `auth: Member(RunnerView)`"
    );
    assert!(
        member || !has_permission,
        "only a member of a workspace has permissions: write `auth: Member(..)`, or leave the permission out"
    );
    assert!(
        !member || has_workspace(path.0.as_bytes()),
        "`auth: Member` needs to know of which workspace: put `/workspaces/{{workspace}}` into the path and \
         `workspace: Ref<WorkspaceId>` first into `path:`"
    );
}

const fn has_workspace(path: &[u8]) -> bool {
    let name = b"{workspace}";
    let mut start = 0;
    while start + name.len() <= path.len() {
        if same(path, start, start + name.len(), name) {
            return true;
        }
        start += 1;
    }
    false
}

/// A parameter of the path could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParam {
    pub name: &'static str,
    pub problem: String,
}

/// The parameters of one endpoint's path. Written by `declare_api_endpoint!`.
pub trait PathParams: Sized {
    const NAMES: &'static [&'static str];
    /// In the order of [`Self::NAMES`], not encoded.
    fn values(&self) -> Vec<String>;
    fn from_values(values: &[String]) -> Result<Self, BadParam>;

    /// The value of one parameter, by name.
    fn value(&self, name: &str) -> Option<String> {
        let at = Self::NAMES.iter().position(|&candidate| candidate == name)?;
        self.values().into_iter().nth(at)
    }
}

/// Reads one parameter; used by `declare_api_endpoint!`.
pub fn param<T: FromStr<Err: Display>>(name: &'static str, value: Option<&String>) -> Result<T, BadParam> {
    let text = value.map_or("", String::as_str);
    text.parse().map_err(|error: T::Err| BadParam { name, problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: PathTemplate = PathTemplate::new("/a/{one}/b/{two}", &["one", "two"], "they differ");

    #[test]
    fn a_path_matches_by_whole_segments() {
        assert_eq!(TEMPLATE.matches("/a/x/b/y"), Some(vec!["x".to_owned(), "y".to_owned()]));
        for other in ["/a/x/b", "/a/x/b/y/", "/a//b/y", "/a/x/bb/y", "a/x/b/y", "/a/x/b/y/z"] {
            assert_eq!(TEMPLATE.matches(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_filled_in_is_what_matches() {
        let values = vec!["a/b c%".to_owned(), "ü?#".to_owned()];
        assert_eq!(TEMPLATE.matches(&TEMPLATE.fill(&values)), Some(values));
    }
}
