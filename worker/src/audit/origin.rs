//! Where a request comes from.

use std::net::IpAddr;

use http::{HeaderMap, header};

/// Longest `User-Agent` that is kept, in bytes: browsers write some two hundred.
const AGENT_MAX: usize = 256;

/// Where a request comes from, and what its sender calls itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) address: Option<String>,
    pub(crate) agent: Option<String>,
}

impl Origin {
    /// Cloudflare writes the address itself, whatever a client sends. On the local edge a client may claim any.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let address: Option<IpAddr> = text("cf-connecting-ip").and_then(|text| text.parse().ok());
        let agent = text(header::USER_AGENT.as_str()).filter(|agent| !agent.is_empty());
        Self {
            address: address.map(|address| address.to_canonical().to_string()),
            agent: agent.map(|agent| agent.chars().take(AGENT_MAX).collect()),
        }
    }

    /// Who sends, for counting: one address, or a whole network of IPv6, which one machine has all of.
    pub(crate) fn source(&self) -> String {
        match self.address.as_deref().and_then(|text| text.parse().ok()) {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            None => "unknown".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Origin {
        let mut headers = HeaderMap::new();
        headers.insert("cf-connecting-ip", address.parse().unwrap());
        Origin::of(&headers)
    }

    #[test]
    fn an_address_is_one_source_and_a_network_of_ipv6_is_one_too() {
        for (address, source) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("no address", "unknown"),
        ] {
            assert_eq!(of(address).source(), source, "{address}");
        }
    }

    #[test]
    fn what_a_client_calls_itself_is_kept_up_to_a_length() {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, "a".repeat(5000).parse().unwrap());
        assert_eq!(Origin::of(&headers).agent.map(|agent| agent.len()), Some(AGENT_MAX));
        headers.insert(header::USER_AGENT, "".parse().unwrap());
        assert_eq!(Origin::of(&headers), Origin::default());
    }
}
