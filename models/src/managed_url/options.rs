//! How requests to a managed URL are treated on their way to its target.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Host, TargetKind};

/// Networks that one managed URL may name.
pub const NETWORKS_MAX: usize = 64;
/// Longest that a target may be given to begin its answer, in seconds.
pub const TIMEOUT_MAX_S: u32 = 3600;
/// Longest that an answer may be served after it went stale, in seconds: a week.
pub const STALE_MAX_S: u32 = 7 * 24 * 3600;

/// How requests are treated. As it is by default, everybody may ask anything, for as long as it takes, and nothing is
/// kept.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct UrlOptions {
    /// Take the URL's own path off before a deployment sees the request. Sites and proxies never see it.
    #[serde(skip_serializing_if = "is_off")]
    pub strip_prefix: bool,
    /// The `Host` that a deployment or a proxied server sees: what the client asked for, or the proxied server's own,
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_header: Option<Host>,
    /// Networks whose clients may ask; everybody when empty. Others are answered 403.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Network>,
    /// Largest body of a request, in bytes; a larger one is answered 413. As the platform allows when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<u64>,
    /// How long the target may take to begin its answer, in seconds, before the client is answered 504. As long as it
    /// takes when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
    /// Keep answers at the edge as their `Cache-Control` allows (RFC 9111).
    #[serde(skip_serializing_if = "is_off")]
    pub cache: bool,
    /// How long a kept answer may be served after it went stale, in seconds, while the target cannot answer (RFC 5861);
    /// what the answer itself says when absent. Needs `cache`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_if_error_s: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_off(flag: &bool) -> bool {
    !flag
}

/// Options that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("options.{field}: {problem}")]
pub struct OptionError {
    pub field: &'static str,
    pub problem: String,
}

impl UrlOptions {
    /// Whether everything is as it is by default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a client may ask.
    pub fn allows(&self, client: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(client))
    }

    /// The first problem of these options for a URL with this target.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub fn check(&self, target: TargetKind) -> Result<(), OptionError> {
        let deployment = target == TargetKind::Deployment;
        let forwards = deployment || target == TargetKind::Proxy;
        let meant = |field, set: bool, possible: bool| {
            let problem = || format!("a {} has no use for it", target.as_str());
            if set && !possible { Err(OptionError { field, problem: problem() }) } else { Ok(()) }
        };
        meant("strip_prefix", self.strip_prefix, deployment)?;
        meant("host_header", self.host_header.is_some(), forwards)?;
        meant("max_body_bytes", self.max_body_bytes.is_some(), forwards)?;
        meant("timeout_s", self.timeout_s.is_some(), forwards)?;
        meant("cache", self.cache, forwards)?;
        let wrong = |field, problem: String| Err(OptionError { field, problem });
        if self.allow.len() > NETWORKS_MAX {
            return wrong("allow", format!("at most {NETWORKS_MAX} networks are possible"));
        }
        if self.timeout_s.is_some_and(|seconds| !(1..=TIMEOUT_MAX_S).contains(&seconds)) {
            return wrong("timeout_s", format!("use 1 to {TIMEOUT_MAX_S} seconds"));
        }
        if self.stale_if_error_s.is_some() && !self.cache {
            return wrong("stale_if_error_s", "nothing is kept: set `cache` too".to_owned());
        }
        if self.stale_if_error_s.is_some_and(|seconds| seconds > STALE_MAX_S) {
            return wrong("stale_if_error_s", format!("use at most {STALE_MAX_S} seconds"));
        }
        Ok(())
    }
}

/// An address, or the network that it stands for: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Network(IpNet);

/// It is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a network: use an address, or one with the length of its prefix, such as `192.0.2.0/24`"
)]
pub struct NetworkError(String);

impl Network {
    /// Whether the address is in it. An IPv4 address that is written as IPv6 (RFC 4291, 2.5.5.2) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether every address of the other is in this.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }
}

impl std::str::FromStr for Network {
    type Err = NetworkError;
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = |_| NetworkError(text.chars().take(64).collect());
        let network: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => text.parse().map_err(wrong)?,
        };
        Ok(Self(network.trunc()))
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;
    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl schemars::JsonSchema for Network {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Network".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "examples": ["192.0.2.0/24", "2001:db8::/32"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_its_addresses_and_an_address_is_one_too() {
        assert!(network("192.0.2.0/24").contains([192, 0, 2, 7].into()));
        assert!(!network("192.0.2.7").contains([192, 0, 2, 8].into()));
        assert_eq!(network("192.0.2.9/24").to_string(), "192.0.2.0/24");
        assert!("192.0.2.0/33".parse::<Network>().is_err());
        assert!(network("192.0.2.0/24").covers(&network("192.0.2.128/25")));
        assert!(!network("192.0.2.0/25").covers(&network("192.0.2.0/24")));
        assert!(!network("0.0.0.0/0").covers(&network("::/0")));
    }

    #[test]
    fn an_ipv4_client_that_is_written_as_ipv6_is_the_same_client() {
        let options = UrlOptions { allow: vec![network("192.0.2.0/24")], ..UrlOptions::default() };
        assert!(options.allows("::ffff:192.0.2.1".parse().unwrap()));
        assert!(!options.allows("2001:db8::1".parse().unwrap()));
        assert!(UrlOptions::default().allows("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn what_a_target_has_no_use_for_is_refused_by_name() {
        let field = |options: UrlOptions| options.check(TargetKind::Redirect).map_err(|error| error.field);
        assert_eq!(field(UrlOptions { cache: true, ..UrlOptions::default() }), Err("cache"));
        assert_eq!(field(UrlOptions { allow: vec![network("::/0")], ..UrlOptions::default() }), Ok(()));
    }

    #[test]
    fn numbers_have_bounds_and_staleness_needs_something_that_is_kept() {
        let field = |options: UrlOptions| options.check(TargetKind::Proxy).map_err(|error| error.field);
        let options = UrlOptions { timeout_s: Some(0), ..UrlOptions::default() };
        assert_eq!(field(options), Err("timeout_s"));
        let options = UrlOptions { stale_if_error_s: Some(60), ..UrlOptions::default() };
        assert_eq!(field(options.clone()), Err("stale_if_error_s"));
        assert_eq!(field(UrlOptions { cache: true, ..options }), Ok(()));
    }

    #[test]
    fn options_that_are_as_by_default_take_no_room_in_a_table() {
        assert_eq!(serde_json::to_string(&UrlOptions::default()).unwrap(), "{}");
    }
}
