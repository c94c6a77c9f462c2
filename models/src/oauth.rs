//! Clients of others that act for a person (OAuth 2.1): who they are, and what they were let do.

use std::{collections::BTreeSet, fmt, str::FromStr};

use url::{Host, Url};

use crate::{
    auth::{Access, Grant, Permission, ResourceType},
    ids::{AuthorizationId, ClientId},
    name::{Name, string_type},
    time::Millis,
    token::Opening,
};

pub mod create_client;
pub mod delete_client;
pub mod list_authorizations;
pub mod list_clients;
pub mod revoke_authorization;

/// How long a client may take between its code and its tokens, in seconds (RFC 6749, 4.1.2: ten minutes at most).
pub const CODE_LIFE_S: u32 = 60;
/// How long an access token is good, in seconds.
pub const ACCESS_LIFE_S: u32 = 3600;
/// How long a refresh token is good that nobody uses, in seconds.
pub const REFRESH_LIFE_S: u32 = 30 * 24 * 3600;
/// Longest address that a person is sent back to, in bytes.
const LONGEST_URI: usize = 512;
/// Addresses of one client, and clients of one person.
pub const REDIRECTS_MAX: usize = 10;
pub const CLIENTS_MAX: usize = 50;

/// A program of somebody else.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Client {
    pub id: ClientId,
    pub name: Name,
    /// Where a person may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether it can keep a secret, and has one.
    pub confidential: bool,
    pub created_at: Millis,
}

/// What a person has let a client do.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Authorization {
    pub id: AuthorizationId,
    pub client: ClientId,
    pub client_name: Name,
    /// Where, and what there; never more than the person may at that moment.
    pub workspaces: Vec<Opening>,
    pub created_at: Millis,
    /// When the client last got tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_at: Option<Millis>,
    /// When it ends unless the client gets new tokens before.
    pub expires_at: Millis,
}

/// A text is no address to be sent back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no redirect URI: expected `https://…`, or `http://127.0.0.1/…` for a program on the person's own machine"
)]
pub struct RedirectUriError(String);

fn redirect_uri(text: &str) -> Result<String, RedirectUriError> {
    let wrong = || RedirectUriError(text.chars().take(128).collect());
    let url: Url = text.parse().map_err(|_| wrong())?;
    let known = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    // Compared letter by letter: one spelling, the one that browsers make of it.
    let spelled = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    if known && plain && spelled && text.len() <= LONGEST_URI { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// Whether an address is of the machine that opens it, by number (RFC 8252, 8.3: not by name).
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

string_type! {
    /// An address that a person is sent back to, compared letter by letter. On the person's own machine the port may be any
    /// (RFC 8252, 7.3).
    RedirectUri, RedirectUriError, redirect_uri,
    { "type": "string", "format": "uri" }
}

impl RedirectUri {
    /// Whether a client that has this may have a person sent there.
    pub fn allows(&self, other: &Self) -> bool {
        self == other || self.without_port().is_some_and(|own| Some(own) == other.without_port())
    }

    /// Of an address on the person's own machine.
    fn without_port(&self) -> Option<Url> {
        let mut url: Url = self.0.parse().ok()?;
        if url.scheme() != "http" || !is_loopback(&url) {
            return None;
        }
        url.set_port(None).ok()?;
        Some(url)
    }

    /// The address with these parameters besides its own.
    pub fn with(&self, parameters: &[(&str, &str)]) -> Option<Url> {
        let mut url: Url = self.0.parse().ok()?;
        url.query_pairs_mut().extend_pairs(parameters);
        Some(url)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.parse::<Url>().map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

/// What a client asks for: permissions, separated by spaces; `site:*` is every one about sites (RFC 6749, 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Permission>);

/// A text asks for nothing, or for what there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    #[error("the scope asks for nothing")]
    Nothing,
    #[error("the scope `{0}` is neither a permission nor like `site:*`")]
    Unknown(String),
}

impl FromStr for Scopes {
    type Err = ScopesError;
    fn from_str(text: &str) -> Result<Self, ScopesError> {
        let mut permissions = BTreeSet::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let unknown = || ScopesError::Unknown(word.chars().take(64).collect());
            match word.strip_suffix(":*") {
                Some(kind) => {
                    let kind =
                        ResourceType::ALL.iter().find(|known| known.as_str() == kind).ok_or_else(unknown)?;
                    let about = |permission: &&Permission| permission.resource_type() == *kind;
                    permissions.extend(Permission::ALL.iter().filter(about));
                }
                None => {
                    permissions.insert(word.parse().map_err(|_| unknown())?);
                }
            }
        }
        if permissions.is_empty() { Err(ScopesError::Nothing) } else { Ok(Self(permissions)) }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|permission| permission.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl Scopes {
    pub fn access(&self) -> Access {
        self.0.iter().copied().map(Grant::all).collect()
    }

    /// What they come to, a sentence for each type of resource.
    pub fn in_words(&self) -> Vec<String> {
        let about = |kind: &ResourceType| {
            let verbs: Vec<&str> =
                self.0.iter().filter(|it| it.resource_type() == *kind).map(|it| verb(*it)).collect();
            (!verbs.is_empty()).then(|| format!("{}: {}", plural(*kind), verbs.join(", ")))
        };
        ResourceType::ALL.iter().filter_map(about).collect()
    }
}

fn plural(kind: ResourceType) -> &'static str {
    match kind {
        ResourceType::Workspace => "The workspace itself",
        ResourceType::Member => "Members and invitations",
        ResourceType::Role => "Roles",
        ResourceType::Runner => "Runners",
        ResourceType::Deployment => "Deployments",
        ResourceType::Secret => "Secrets, not their values",
        ResourceType::Volume => "Volumes",
        ResourceType::Site => "Sites",
        ResourceType::Url => "Managed URLs",
        ResourceType::Audit => "The audit log",
    }
}

fn verb(permission: Permission) -> &'static str {
    match permission.as_str().split_once(':').map_or("", |(_, verb)| verb) {
        "view" => "see",
        "create" => "make",
        "edit" => "change",
        "delete" => "delete",
        "invite" => "invite people",
        "remove" => "remove people",
        "rotate-token" => "replace their tokens",
        "logs" => "read their logs",
        "exec" => "run commands in them",
        "connect" => "connect to their ports",
        "read" => "take what is in them",
        "deploy" => "deploy to them",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        text.parse().unwrap()
    }

    #[test]
    fn a_person_is_sent_only_where_nobody_listens_in() {
        for good in [
            "https://app.example/cb",
            "https://app.example/cb?a=1",
            "http://127.0.0.1/cb",
            "http://[::1]:99/cb",
        ] {
            assert!(good.parse::<RedirectUri>().is_ok(), "{good}");
        }
        for bad in [
            "http://app.example/cb",
            "http://localhost/cb",
            "https://app.example/cb#a",
            "https://a@app.example/cb",
            "https://APP.example/cb",
            "https://app.example/a/../cb",
            "javascript:alert(1)",
            "app:/cb",
            "/cb",
            "",
        ] {
            assert!(bad.parse::<RedirectUri>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_compared_letter_by_letter_but_for_a_port_on_the_persons_own_machine() {
        let own = uri("https://app.example/cb");
        assert!(own.allows(&own));
        for other in [
            "https://app.example/cb/",
            "https://app.example:8443/cb",
            "https://app.example/cb?a=1",
            "https://app.example.eve.example/cb",
        ] {
            assert!(!own.allows(&uri(other)), "{other}");
        }
        let local = uri("http://127.0.0.1/cb");
        assert!(local.allows(&uri("http://127.0.0.1:51234/cb")));
        assert!(
            !local.allows(&uri("http://127.0.0.1:51234/other")) && !local.allows(&uri("http://[::1]:1/cb"))
        );
    }

    #[test]
    fn a_scope_is_permissions_and_reads_as_words() {
        let scopes: Scopes = "site:deploy site:view  audit:*".parse().unwrap();
        assert_eq!(scopes.to_string(), "site:view site:deploy audit:view");
        assert_eq!(scopes.in_words(), ["Sites: see, deploy to them", "The audit log: see"]);
        assert_eq!("".parse::<Scopes>(), Err(ScopesError::Nothing));
        assert!(matches!("site:fly".parse::<Scopes>(), Err(ScopesError::Unknown(_))));
        assert!("openid".parse::<Scopes>().is_err());
    }

    #[test]
    fn every_permission_has_a_word() {
        for &permission in Permission::ALL {
            let (_, own) = permission.as_str().split_once(':').unwrap();
            assert!(verb(permission) != own || own == "delete", "{permission}");
        }
    }
}
