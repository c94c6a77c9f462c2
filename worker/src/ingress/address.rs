//! The address that a request is for, read from its text once.

use std::ops::Range;

/// A URL that the platform has parsed and written out again (WHATWG URL): so it is in its normal form, and its parts
/// can be found by their separators.
pub(crate) struct Address {
    text: String,
    host: Range<usize>,
    path: Range<usize>,
    query: Option<Range<usize>>,
}

impl Address {
    /// Reads a URL as `request.url` has it.
    pub(crate) fn new(mut text: String) -> Self {
        text.truncate(text.find('#').unwrap_or(text.len()));
        let host = text.find("://").map_or(0, |at| at + 3);
        let after = |from: usize, what: &[char]| text[from..].find(what).map_or(text.len(), |at| from + at);
        let path = after(host, &['/', '?']);
        let path_end = after(path, &['?']);
        let query = (path_end < text.len()).then_some(path_end + 1..text.len());
        let authority = &text[host..path];
        let port =
            authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let host = host..host + port.map_or(authority.len(), |(name, _)| name.len());
        Self { path: path..path_end, host, query, text }
    }

    /// In lower case, without a port.
    pub(crate) fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &str {
        self.text.split(':').next().unwrap_or_default()
    }

    /// The host with its port, if it has one that its scheme does not imply.
    pub(crate) fn authority(&self) -> &str {
        &self.text[self.host.start..self.path.start]
    }

    /// Path and query, as in the first line of a request.
    pub(crate) fn target(&self) -> &str {
        &self.text[self.path.start..]
    }

    /// Percent-encoded, with a slash at its beginning.
    pub(crate) fn path(&self) -> &str {
        &self.text[self.path.clone()]
    }

    /// Without its question mark.
    pub(crate) fn query(&self) -> Option<&str> {
        self.query.clone().map(|query| &self.text[query])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_falls_into_its_parts() {
        for (text, host, path, query) in [
            ("http://a.example/", "a.example", "/", None),
            ("https://a.example:8787/b/c?d=/e?f", "a.example", "/b/c", Some("d=/e?f")),
            ("http://a.example/b:1/?", "a.example", "/b:1/", Some("")),
            ("http://[::1]:80/x#y", "[::1]", "/x", None),
            ("http://[::1]/x", "[::1]", "/x", None),
        ] {
            let address = Address::new(text.to_owned());
            assert_eq!((address.host(), address.path(), address.query()), (host, path, query), "{text}");
            let whole = format!("{}://{}{}", address.scheme(), address.authority(), address.target());
            assert_eq!(whole, text.split('#').next().unwrap());
        }
    }
}
