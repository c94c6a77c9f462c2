//! Values that deployments use and nobody can read.
//!
//! A value is encrypted under a key of its workspace as soon as it arrives, and sealed to a runner's key when a deployment
//! there uses it. No endpoint answers one.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{name::Name, time::Millis};

pub mod delete;
pub mod get;
pub mod list;
pub mod set;

/// Numbers the values that a secret had, from 1. Never used twice, even when a secret is deleted and made again.
pub type SecretVersion = u32;

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Secret {
    pub name: Name,
    /// The newest version.
    pub version: SecretVersion,
    /// Deployments whose current release uses it, with the version that it uses.
    pub used_by: Vec<UsedBy>,
    pub created_at: Millis,
    /// When the newest version was set.
    pub updated_at: Millis,
}

/// A deployment that uses a secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct UsedBy {
    pub deployment: Name,
    pub version: SecretVersion,
}

/// A value on its way in. It has no `Display`, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretValue {
    Text(String),
    /// Bytes that are no text (RFC 4648, 4).
    Base64(String),
}

impl SecretValue {
    /// From JSON. What is wrong is said without a word of it: it may be the value.
    fn read(json: &serde_json::Value) -> Result<Self, &'static str> {
        let fields = json.as_object().filter(|fields| fields.len() == 1);
        let field = |name: &str| fields?.get(name)?.as_str().map(str::to_owned);
        let text = field("text").map(Self::Text);
        text.or_else(|| field("base64").map(Self::Base64))
            .ok_or("expected `{\"text\": …}` or `{\"base64\": …}`")
    }

    /// From bytes, as text if they are.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64(STANDARD.encode(error.as_bytes())),
        }
    }

    /// The bytes; `None` for text that is not base64.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

impl<'de> serde::Deserialize<'de> for SecretValue {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let json = <serde_json::Value as serde::Deserialize>::deserialize(from)?;
        Self::read(&json).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// The values of a deployment's secrets, as a runner opens them: by name, by version.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Secrets(pub BTreeMap<Name, BTreeMap<SecretVersion, SecretValue>>);

impl Secrets {
    /// One value.
    pub fn get(&self, name: &Name, version: SecretVersion) -> Option<Vec<u8>> {
        self.0.get(name)?.get(&version)?.to_bytes()
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.0.values().flat_map(BTreeMap::values).filter_map(SecretValue::to_bytes)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_shown() {
        let value = SecretValue::from_bytes(b"hunter2".to_vec());
        let mut secrets = Secrets::default();
        secrets.0.entry("key".parse().unwrap()).or_default().insert(1, value.clone());
        assert!(!format!("{value:?}{secrets:?}").contains("hunter2"));
        assert_eq!(secrets.get(&"key".parse().unwrap(), 1).unwrap(), b"hunter2");
    }

    #[test]
    fn a_value_that_cannot_be_read_is_not_quoted() {
        for bad in [
            r#""hunter2""#,
            r#"{"value":"hunter2"}"#,
            r#"{"value":{"hunter2":1}}"#,
            r#"{"value":{"text":["hunter2"]}}"#,
            r#"{"value":{"text":"a"},"hunter2":1}"#,
            r#"["hunter2"]"#,
        ] {
            let error = serde_json::from_str::<set::Body>(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && error.starts_with("expected"), "{error}");
        }
        let fine = serde_json::from_str::<set::Body>(r#"{"value":{"base64":"aHVudGVyMg=="}}"#).unwrap();
        assert_eq!(fine.value.to_bytes().unwrap(), b"hunter2");
    }

    #[test]
    fn bytes_come_back() {
        for bytes in [&b"text"[..], &[0xff, 0, 1]] {
            assert_eq!(SecretValue::from_bytes(bytes.to_vec()).to_bytes().unwrap(), bytes);
        }
    }
}
