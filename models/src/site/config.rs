//! How a version of a site is served: a part of its manifest, so that it changes with the files and never apart from
//! them.

use super::{
    manifest::ManifestError,
    rules::{HeaderRule, Redirect},
};

/// Most redirects of a version. Cloudflare's static assets take 2,100.
pub const REDIRECTS_MAX: usize = 10_000;
/// Most redirects of a version with a splat, a placeholder or a condition: these are tried one after the other.
pub const DYNAMIC_REDIRECTS_MAX: usize = 1_000;
/// Most header rules of a version; each is tried for every request. Cloudflare's static assets take 100.
pub const HEADER_RULES_MAX: usize = 500;

/// Which of a page's addresses is its own; the others lead there. As `html_handling` of Workers static assets.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum HtmlHandling {
    /// `foo.html` is at `/foo`, `foo/index.html` at `/foo/`.
    #[default]
    AutoTrailingSlash,
    /// Both are at `/foo/`.
    ForceTrailingSlash,
    /// Both are at `/foo`.
    DropTrailingSlash,
    /// A file is at its own path and nowhere else.
    None,
}

/// What answers where there is no file.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub enum NotFound {
    /// The nearest `404.html` upwards, with status 404.
    #[default]
    #[serde(rename = "404-page")]
    Page,
    /// `index.html` with status 200 for a navigation; 404 for what a page loads.
    #[serde(rename = "single-page-application")]
    SinglePage,
    /// A line of plain text with status 404.
    #[serde(rename = "none")]
    None,
}

/// How a version is served.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    pub html_handling: HtmlHandling,
    pub not_found: NotFound,
    /// In the order in which they are tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<Redirect>,
    /// Each that matches is applied, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderRule>,
}

impl ServeConfig {
    /// From the bytes that a manifest holds; nothing stands for the default.
    ///
    /// # Errors
    /// The bytes are not such a configuration, or there are too many rules.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let config: Self =
            serde_json::from_slice(bytes).map_err(|error| ManifestError::Config(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// To the bytes that a manifest holds.
    pub fn write(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        // It has no map with keys that are not text, the only thing that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), ManifestError> {
        let dynamic = self.redirects.iter().filter(|rule| rule.is_dynamic()).count();
        let limits = [
            (self.redirects.len(), REDIRECTS_MAX, "redirects"),
            (dynamic, DYNAMIC_REDIRECTS_MAX, "redirects with a splat, a placeholder or a condition"),
            (self.headers.len(), HEADER_RULES_MAX, "header rules"),
        ];
        match limits.into_iter().find(|(count, max, _)| count > max) {
            Some((count, max, what)) => {
                Err(ManifestError::Config(format!("has {count} {what}; at most {max} are allowed")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_comes_back_and_the_default_takes_no_bytes() {
        assert_eq!(ServeConfig::default().write(), b"");
        assert_eq!(ServeConfig::read(b""), Ok(ServeConfig::default()));
        let config = ServeConfig { not_found: NotFound::SinglePage, ..ServeConfig::default() };
        let bytes = config.write();
        assert_eq!(
            bytes,
            br#"{"html_handling":"auto-trailing-slash","not_found":"single-page-application"}"#
        );
        assert_eq!(ServeConfig::read(&bytes), Ok(config));
    }

    #[test]
    fn unknown_fields_and_too_many_rules_are_refused() {
        assert!(ServeConfig::read(br#"{"not-found":"none"}"#).is_err());
        let rule = r#"{"from":"/:a","to":"/b","status":302}"#;
        let many = format!(r#"{{"redirects":[{}]}}"#, vec![rule; DYNAMIC_REDIRECTS_MAX + 1].join(","));
        assert!(matches!(ServeConfig::read(many.as_bytes()), Err(ManifestError::Config(_))));
    }
}
