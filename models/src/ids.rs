//! Typed identifiers: a prefix that a human recognises, an underscore and a ULID in lower case.
//!
//! `dep_01jd3q…` cannot be passed where a runner is wanted, neither in Rust nor over the wire. ULIDs sort by
//! the time they were made, which is what the cursors of lists rely on.

use std::{fmt, str::FromStr};

use ulid::Ulid;

use crate::{name::Name, time::Millis};

/// A string is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like `{prefix}_…`, found `{found}`")]
pub struct IdError {
    prefix: &'static str,
    found: String,
}

/// A typed identifier.
pub trait Id: Copy + Ord + fmt::Display + FromStr<Err = IdError> + 'static {
    /// What stands before the underscore.
    const PREFIX: &'static str;
    /// The noun in a sentence, such as `deployment`.
    const NOUN: &'static str;
    /// Makes an identifier from the time and 80 bits of randomness.
    fn from_parts(now: Millis, random: u128) -> Self;
}

fn parse(prefix: &'static str, text: &str) -> Result<Ulid, IdError> {
    let wrong = || IdError { prefix, found: text.chars().take(64).collect() };
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(wrong)?;
    if rest.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong());
    }
    Ulid::from_string(&rest.to_ascii_uppercase()).map_err(|_| wrong())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal $noun:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Ulid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            const NOUN: &'static str = $noun;
            fn from_parts(now: Millis, random: u128) -> Self {
                Self(Ulid::from_parts(now.0, random))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.to_string().to_ascii_lowercase())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                format!("{id}")
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-9a-hjkmnp-tv-z]{26}$"),
                })
            }
        }
    )*};
}

// Append only: a prefix that was ever given out stays taken.
ids! {
    /// A tenant.
    WorkspaceId = "ws" "workspace";
    /// A person's account.
    UserId = "usr" "user";
    /// A login of a user.
    SessionId = "ses" "session";
    /// An API token of a user.
    TokenId = "tok" "token";
    /// A machine or cluster that runs workloads.
    RunnerId = "run" "runner";
    /// The configuration of an image to run.
    DeploymentId = "dep" "deployment";
    /// Files served at the edge.
    SiteId = "site" "site";
    /// A host and path prefix with a target.
    ManagedUrlId = "url" "managed URL";
    /// A line of the audit log.
    AuditId = "aud" "audit entry";
    /// A request; quoted in errors so that a log line can be found.
    RequestId = "req" "request";
    /// Storage on a runner.
    VolumeId = "vol" "volume";
    /// A copy of a volume at one moment.
    SnapshotId = "snap" "snapshot";
    /// A role of a workspace's own.
    RoleId = "role" "role";
    /// A link to become a member.
    InvitationId = "inv" "invitation";
    /// A passkey of a user.
    PasskeyId = "pk" "passkey";
    /// Trust in the identities that somebody else gives to jobs.
    FederationId = "fed" "federation";
    /// A program of somebody else (OAuth).
    ClientId = "app" "OAuth client";
    /// What a person has let such a program do.
    AuthorizationId = "authz" "authorization";
}

/// A resource named by its id or by its name, wherever a person may type either.
///
/// The two never collide: an id has an underscore and a [`Name`] has none.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String", bound = "I: Id")]
pub enum Ref<I: Id> {
    Id(I),
    Name(Name),
}

/// Neither an id nor a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Name(#[from] crate::name::NameError),
}

impl<I: Id> FromStr for Ref<I> {
    type Err = RefError;
    fn from_str(text: &str) -> Result<Self, RefError> {
        if text.contains('_') { Ok(Self::Id(text.parse()?)) } else { Ok(Self::Name(text.parse()?)) }
    }
}

impl<I: Id> fmt::Display for Ref<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl<I: Id> fmt::Debug for Ref<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<I: Id> From<Ref<I>> for String {
    fn from(reference: Ref<I>) -> Self {
        format!("{reference}")
    }
}

impl<I: Id> TryFrom<String> for Ref<I> {
    type Error = RefError;
    fn try_from(text: String) -> Result<Self, RefError> {
        text.parse()
    }
}

impl<I: Id> From<I> for Ref<I> {
    fn from(id: I) -> Self {
        Self::Id(id)
    }
}

impl<I: Id> schemars::JsonSchema for Ref<I> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Ref_{}", I::PREFIX).into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": format!("The id (`{}_…`) or the name of a {}", I::PREFIX, I::NOUN),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        let id = DeploymentId::from_parts(Millis(1_700_000_000_000), 42);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_runner_id_is_not_a_deployment_id() {
        let id = RunnerId::from_parts(Millis(1), 1).to_string();
        assert!(id.parse::<DeploymentId>().is_err());
    }

    #[test]
    fn upper_case_is_refused_so_that_an_id_has_one_spelling() {
        let id = RunnerId::from_parts(Millis(1_700_000_000_000), u128::MAX).to_string();
        assert!(id.replace("run_", "RUN_").parse::<RunnerId>().is_err());
        assert!(format!("run_{}", &id[4..].to_uppercase()).parse::<RunnerId>().is_err());
    }

    #[test]
    fn a_reference_is_an_id_when_it_has_an_underscore() {
        assert!(matches!("web".parse(), Ok(Ref::<DeploymentId>::Name(_))));
        assert!("run_web".parse::<Ref<DeploymentId>>().is_err());
    }
}
