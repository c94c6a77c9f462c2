//! The address of an installation, in one spelling.

use std::str::FromStr;

use url::{Host, Url};

/// Scheme and authority, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

/// Text cannot be the address of an installation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BaseUrlError {
    #[error(
        "`{0}` is not the address of an installation: expected something like `https://patr.example.com`"
    )]
    Malformed(String),
    #[error("`{0}` would send passwords and tokens unencrypted: use `https://`")]
    Insecure(String),
}

impl BaseUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let malformed = || BaseUrlError::Malformed(text.chars().take(200).collect());
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&full).map_err(|_| malformed())?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(malformed());
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(BaseUrlError::Insecure(text.to_owned())),
            _ => return Err(malformed()),
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<String, BaseUrlError> {
        text.parse::<BaseUrl>().map(|url| url.0)
    }

    #[test]
    fn an_address_has_one_spelling() {
        assert_eq!(base("patr.example.com").unwrap(), "https://patr.example.com");
        assert_eq!(base("https://PATR.example.com:443/").unwrap(), "https://patr.example.com");
        assert_eq!(base("http://localhost:8787").unwrap(), "http://localhost:8787");
        assert_eq!(base("http://127.0.0.1:1").unwrap(), "http://127.0.0.1:1");
    }

    #[test]
    fn http_is_for_this_machine_only() {
        assert!(matches!(base("http://patr.example.com"), Err(BaseUrlError::Insecure(_))));
    }

    #[test]
    fn a_path_or_a_login_in_the_address_is_refused() {
        for bad in ["https://a/b", "https://u:p@a", "ftp://a", "https://", "https://a/?q"] {
            assert!(matches!(base(bad), Err(BaseUrlError::Malformed(_))), "{bad}");
        }
    }
}
