//! A request, as far as it decides what a site answers.

/// What is asked of a site.
pub(super) struct Asked<'a> {
    pub(super) method: Method,
    /// Without a port.
    pub(super) host: &'a str,
    /// Where the site is mounted: empty, or a prefix without a slash at its end.
    pub(super) prefix: &'a str,
    /// Below the prefix, as it was asked for: percent-encoded, with a slash at its beginning.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fields: &'a dyn Fields,
}

/// The methods that a file knows, and all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
    Other,
}

/// The header fields of a request. Each is read only when something depends on it: reading costs on the way from the
/// platform.
pub(super) trait Fields {
    fn get(&self, name: &str) -> Option<String>;

    /// ISO 3166-1 alpha-2, of where the client is thought to be.
    fn country(&self) -> Option<String>;

    /// What the client accepts. Cloudflare puts its own words in the header.
    fn accept_encoding(&self) -> Option<String>;
}

impl Asked<'_> {
    /// Whether a browser wants a page, and not something for one.
    pub(super) fn is_navigation(&self) -> bool {
        match self.fields.get("sec-fetch-mode") {
            Some(mode) => mode == "navigate",
            None => self.fields.get("accept").is_some_and(|accept| accept.contains("text/html")),
        }
    }
}
