//! Strings that are parsed once, at the edge, and trusted from then on.

use std::{fmt, str::FromStr};

/// Declares a string type with one rule. `parse` returns the stored form or says what is wrong.
macro_rules! string_type {
    ($(#[$doc:meta])* $name:ident, $error:ty, $check:path, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                $check(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(crate) use string_type;

/// A name does not follow the pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a name: use 1 to {max} of a-z, 0-9 and `-`, beginning and ending with a letter or digit"
)]
pub struct NameError {
    found: String,
    max: usize,
}

/// Longest name of a resource. With [`WORKSPACE_NAME_MAX`] and a hyphen it fills one DNS label of 63 octets
/// (RFC 1035, 2.3.4), so that `NAME-WORKSPACE` is always a valid automatic host.
pub const NAME_MAX: usize = 40;
/// Longest name of a workspace; see [`NAME_MAX`].
pub const WORKSPACE_NAME_MAX: usize = 22;

const _: () = assert!(NAME_MAX + 1 + WORKSPACE_NAME_MAX == 63);

fn label(text: &str, max: usize) -> Result<String, NameError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().copied().is_some_and(plain) && bytes.last().copied().is_some_and(plain);
    if ends && bytes.len() <= max && bytes.iter().all(|&byte| plain(byte) || byte == b'-') {
        Ok(text.to_owned())
    } else {
        Err(NameError { found: text.chars().take(64).collect(), max })
    }
}

fn resource_name(text: &str) -> Result<String, NameError> {
    label(text, NAME_MAX)
}

fn workspace_name(text: &str) -> Result<String, NameError> {
    label(text, WORKSPACE_NAME_MAX)
}

string_type! {
    /// The name of a resource, unique among its kind in a workspace.
    Name, NameError, resource_name,
    { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" }
}

string_type! {
    /// The name of a workspace, unique in an installation.
    WorkspaceName, NameError, workspace_name,
    { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$" }
}

/// Longest label, in characters.
const LABEL_MAX: usize = 40;

/// The text is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use 1 to {LABEL_MAX} characters, on one line")]
pub struct LabelError;

fn free_label(text: &str) -> Result<String, LabelError> {
    let text = text.trim();
    let fits = (1..=LABEL_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(LabelError) }
}

string_type! {
    /// What a person calls something of their own, for their own eyes.
    Label, LabelError, free_label,
    { "type": "string", "minLength": 1, "maxLength": 40 }
}

/// Text is not an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an e-mail address: expected something like `ada@example.com`")]
pub struct EmailError(String);

/// Longest address (RFC 5321, 4.5.3.1.3, less the angle brackets).
const EMAIL_MAX: usize = 254;

fn email(text: &str) -> Result<String, EmailError> {
    let wrong = || EmailError(text.chars().take(64).collect());
    let lower = text.trim().to_lowercase();
    let (local, domain) = lower.rsplit_once('@').ok_or_else(wrong)?;
    let bad = |c: char| c.is_whitespace() || c.is_control();
    if local.is_empty() || domain.is_empty() || lower.len() > EMAIL_MAX || lower.chars().any(bad) {
        return Err(wrong());
    }
    Ok(lower)
}

string_type! {
    /// An e-mail address, in lower case. Only delivery proves one, so the check is shallow.
    Email, EmailError, email,
    { "type": "string", "format": "email", "maxLength": 254 }
}

/// A password that must not show up in a log: no `Debug` of its content, and no way to print it.
#[derive(Clone, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

/// A password has the wrong length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has 8 to 256 characters")]
pub struct PasswordError;

impl Password {
    /// The bytes to hash.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = PasswordError;
    fn from_str(text: &str) -> Result<Self, PasswordError> {
        let length = text.chars().count();
        if (8..=256).contains(&length) { Ok(Self(text.to_owned())) } else { Err(PasswordError) }
    }
}

impl TryFrom<String> for Password {
    type Error = PasswordError;
    fn try_from(text: String) -> Result<Self, PasswordError> {
        text.parse()
    }
}

impl serde::Serialize for Password {
    /// A client has to send it; nothing else serialises one.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl schemars::JsonSchema for Password {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Password".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "password", "minLength": 8, "maxLength": 256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "web", "web-2", "0", &"x".repeat(40)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Web", "a_b", "a.b", "ä", &"x".repeat(41)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!("Ada@Example.COM".parse::<Email>().unwrap().as_str(), "ada@example.com");
        for bad in ["", "ada", "@example.com", "ada@", "a da@example.com"] {
            assert!(bad.parse::<Email>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let password: Password = "correct horse".parse().unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }
}
