//! Hosts and paths, and what answers there.
//!
//! [`RouteTable`] is what the ingress reads: every managed URL of one host, matched by the longest prefix of whole
//! path segments, so that `/api` never takes `/apidocs`.

use crate::{
    ids::{DeploymentId, ManagedUrlId, RunnerId, SiteId, WorkspaceId},
    name::{Name, string_type},
    site::{Access, ManifestHash},
    time::Millis,
};

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod options;
pub mod stats;
pub mod test;
pub mod update;

pub use options::{Network, UrlOptions};

/// A host or a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("`{0}` is not a host: use labels of a-z, 0-9 and `-` with dots between, and no port")]
    Host(String),
    #[error(
        "`{0}` is not a path prefix: begin with `/`, without `.` or `..` segments, `//`, `?`, `#` or spaces"
    )]
    Path(String),
    #[error("`{0}` is not a web address: begin with `http://` or `https://` and a host")]
    Url(String),
}

fn host(text: &str) -> Result<String, PlaceError> {
    let wrong = || PlaceError::Host(text.chars().take(64).collect());
    let lower = text.to_ascii_lowercase();
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if lower.len() <= 253 && lower.split('.').all(label) { Ok(lower) } else { Err(wrong()) }
}

string_type! {
    /// A host name in lower case, without a port (RFC 1035, 2.3.1).
    Host, PlaceError, host,
    { "type": "string", "format": "hostname", "maxLength": 253 }
}

fn path_prefix(text: &str) -> Result<String, PlaceError> {
    let wrong = || PlaceError::Path(text.chars().take(64).collect());
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\');
    let trimmed = text.trim_end_matches('/');
    let inner = trimmed.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."));
    if !text.starts_with('/')
        || text.len() > 512
        || !text.bytes().all(plain)
        || (!trimmed.is_empty() && !inner)
    {
        return Err(wrong());
    }
    Ok(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
}

string_type! {
    /// A path prefix without a slash at its end; `/` alone is the whole host.
    PathPrefix, PlaceError, path_prefix,
    { "type": "string", "pattern": "^/", "maxLength": 512 }
}

#[cfg(feature = "addresses")]
fn web_url(text: &str) -> Result<String, PlaceError> {
    let wrong = || PlaceError::Url(text.chars().take(128).collect());
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if web && text.len() <= 2048 && url.username().is_empty() { Ok(url.into()) } else { Err(wrong()) }
}

/// Whatever it is: the API reads it again, and says what is wrong with it.
#[cfg(not(feature = "addresses"))]
fn web_url(text: &str) -> Result<String, PlaceError> {
    Ok(text.to_owned())
}

string_type! {
    /// An address with scheme http or https.
    WebUrl, PlaceError, web_url,
    { "type": "string", "format": "uri", "maxLength": 2048 }
}

impl PathPrefix {
    /// The whole host.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// What remains of `path` below this prefix, beginning with `/` or empty; `None` when it is elsewhere.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        if self.0 == "/" {
            return Some(path);
        }
        path.strip_prefix(self.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What answers at a managed URL.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    Deployment {
        deployment: DeploymentId,
        deployment_name: Name,
        port: u16,
    },
    Site {
        site: SiteId,
        site_name: Name,
    },
    Proxy {
        url: WebUrl,
    },
    Redirect {
        url: WebUrl,
        /// 308 if so, else 307.
        permanent: bool,
    },
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    Deployment,
    Site,
    Proxy,
    Redirect,
}

impl TargetKind {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Site => "site",
            Self::Proxy => "proxy",
            Self::Redirect => "redirect",
        }
    }
}

/// A host and a path prefix with a target.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ManagedUrl {
    pub id: ManagedUrlId,
    pub host: Host,
    pub path: PathPrefix,
    pub target: Target,
    #[serde(default, skip_serializing_if = "UrlOptions::is_default")]
    pub options: UrlOptions,
    /// Made with its deployment or site, and deleted with it.
    pub automatic: bool,
    pub generation: u64,
    /// As a browser opens it.
    pub url: String,
    pub created_at: Millis,
}

/// Every managed URL of one host, as the ingress reads it from KV.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RouteTable {
    pub workspace: WorkspaceId,
    pub routes: Vec<Route>,
}

/// One line of a [`RouteTable`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Route {
    pub url: ManagedUrlId,
    /// Of the managed URL. What was kept of answers before a change of it is not served after.
    #[serde(default)]
    pub generation: u64,
    pub path: PathPrefix,
    #[serde(default, skip_serializing_if = "UrlOptions::is_default")]
    pub options: UrlOptions,
    pub to: RouteTarget,
}

/// A [`Target`] with what the ingress needs to serve it without asking anyone.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RouteTarget {
    Deployment {
        deployment: DeploymentId,
        port: u16,
        lanes: u8,
        /// In the order of the deployment's list. Tables that were published before there could be several have one.
        #[serde(alias = "runner", deserialize_with = "one_or_several")]
        runners: Vec<Share>,
    },
    Site {
        site: SiteId,
        /// Absent when no version is live.
        manifest: Option<ManifestHash>,
        /// What is carried of earlier versions; see [`crate::site::carry`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carried: Option<ManifestHash>,
        /// Absent when everybody may see it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guard: Option<Guard>,
    },
    Proxy {
        url: WebUrl,
    },
    Redirect {
        url: WebUrl,
        permanent: bool,
    },
    /// Declared, but switched off by its owner.
    Stopped {
        what: String,
    },
}

/// A runner and its part of the requests; see [`crate::deployment::Placement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Share {
    pub runner: RunnerId,
    pub weight: u8,
}

fn one_or_several<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Share>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(RunnerId),
        Several(Vec<Share>),
    }
    Ok(match <Written as serde::Deserialize>::deserialize(from)? {
        Written::One(runner) => vec![Share { runner, weight: 1 }],
        Written::Several(shares) => shares,
    })
}

/// Who is let in to a site, as the ingress has to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Guard {
    pub access: Access,
    /// Grows with each change: what let somebody in before lets nobody in any more.
    pub generation: u64,
}

impl RouteTable {
    /// The route with the longest prefix of whole segments that `path` is under, and what remains of the path.
    pub fn find<'t, 'p>(&'t self, path: &'p str) -> Option<(&'t Route, &'p str)> {
        self.routes
            .iter()
            .filter_map(|route| Some((route, route.path.strip(path)?)))
            .max_by_key(|(route, _)| route.path.as_str().len())
    }
}

/// Where a request to a proxy or redirect target goes on: its path below the prefix is appended, and its query.
pub fn forward_url(to: &WebUrl, rest: &str, query: Option<&str>) -> String {
    let (base, own_query) =
        to.as_str().split_once('?').map_or((to.as_str(), None), |(base, own)| (base, Some(own)));
    let joined = match rest {
        "" | "/" => base.to_owned(),
        rest => format!("{}{rest}", base.trim_end_matches('/')),
    };
    match (own_query, query) {
        (None, None) => joined,
        (Some(one), None) | (None, Some(one)) => format!("{joined}?{one}"),
        (Some(own), Some(query)) => format!("{joined}?{own}&{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn table(paths: &[&str]) -> RouteTable {
        let id = ManagedUrlId::from_parts(Millis(0), 0);
        let to = || RouteTarget::Stopped { what: String::new() };
        let route = |path: &&str| Route {
            url: id,
            generation: 1,
            path: path.parse().unwrap(),
            options: UrlOptions::default(),
            to: to(),
        };
        RouteTable {
            workspace: WorkspaceId::from_parts(Millis(0), 0),
            routes: paths.iter().map(route).collect(),
        }
    }

    fn found<'p>(table: &RouteTable, path: &'p str) -> Option<(String, &'p str)> {
        table.find(path).map(|(route, rest)| (route.path.to_string(), rest))
    }

    #[test]
    fn the_longest_prefix_of_whole_segments_wins() {
        let table = table(&["/", "/api", "/api/v2"]);
        assert_eq!(found(&table, "/api/v2/x"), Some(("/api/v2".to_owned(), "/x")));
        assert_eq!(found(&table, "/api"), Some(("/api".to_owned(), "")));
        assert_eq!(found(&table, "/apidocs"), Some(("/".to_owned(), "/apidocs")));
    }

    #[test]
    fn a_path_under_no_prefix_finds_nothing() {
        assert_eq!(found(&table(&["/api"]), "/"), None);
    }

    #[test]
    fn a_table_from_before_there_were_several_runners_leads_to_its_one() {
        let (deployment, runner) =
            (DeploymentId::from_parts(Millis(0), 0), RunnerId::from_parts(Millis(0), 1));
        let written = serde_json::json!({
            "kind": "deployment", "deployment": deployment, "runner": runner, "port": 80, "lanes": 2,
        });
        let runners = vec![Share { runner, weight: 1 }];
        let target = RouteTarget::Deployment { deployment, port: 80, lanes: 2, runners };
        assert_eq!(serde_json::from_value::<RouteTarget>(written).unwrap(), target);
        let again = serde_json::to_value(&target).unwrap();
        assert_eq!(serde_json::from_value::<RouteTarget>(again).unwrap(), target);
    }

    #[test]
    fn prefixes_are_kept_without_a_slash_at_the_end() {
        assert_eq!("/a/".parse::<PathPrefix>().unwrap().as_str(), "/a");
        for bad in ["a", "/a/../b", "/a//b", "/a?b", "/a b", ""] {
            assert!(bad.parse::<PathPrefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_redirect_keeps_the_rest_of_the_path_and_both_queries() {
        let to: WebUrl = "https://example.com/new?a=1".parse().unwrap();
        assert_eq!(forward_url(&to, "/x", Some("b=2")), "https://example.com/new/x?a=1&b=2");
        assert_eq!(forward_url(&to, "/", None), "https://example.com/new?a=1");
    }
}
