//! The logins of a person, one per installation, so that a token is never sent to another one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{failure::Failure, settings::ConfigDir};

const FILE: &str = "credentials.json";

/// Tokens by the address of their installation.
#[derive(Default, Serialize, Deserialize)]
struct Credentials {
    #[serde(default)]
    tokens: BTreeMap<String, String>,
}

/// The token saved for an installation.
pub(crate) fn load(config: &ConfigDir, url: &str) -> Result<Option<String>, Failure> {
    Ok(config.load::<Credentials>(FILE)?.tokens.remove(url))
}

/// Saves the token of an installation.
pub(crate) fn save(config: &ConfigDir, url: &str, token: &str) -> Result<(), Failure> {
    let mut all: Credentials = config.load(FILE)?;
    all.tokens.insert(url.to_owned(), token.to_owned());
    config.save(FILE, &all)
}

/// Forgets the token of an installation.
pub(crate) fn forget(config: &ConfigDir, url: &str) -> Result<(), Failure> {
    let mut all: Credentials = config.load(FILE)?;
    all.tokens.remove(url);
    config.save(FILE, &all)
}
