//! The logins of a person, one per installation, so that a token is never sent to another one.
//!
//! A token is in the keyring of the system where there is one, and else in a file that only its owner can read. The file
//! says which of them are in the keyring, so that a machine without one is never asked for it.

mod keyring;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{failure::Failure, settings::ConfigDir};

const FILE: &str = "credentials.json";

#[derive(Default, Serialize, Deserialize)]
struct Credentials {
    /// Tokens by the address of their installation.
    #[serde(default)]
    tokens: BTreeMap<String, String>,
    /// Installations whose tokens are in the keyring.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    in_keyring: BTreeSet<String>,
}

/// Where a token was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Keyring,
    File,
}

/// The token saved for an installation.
pub(crate) fn load(config: &ConfigDir, url: &str) -> Result<Option<String>, Failure> {
    let mut all: Credentials = config.load(FILE)?;
    if all.in_keyring.contains(url) {
        return keyring::get(url);
    }
    Ok(all.tokens.remove(url))
}

/// Saves the token of an installation.
pub(crate) fn save(config: &ConfigDir, url: &str, token: &str) -> Result<Place, Failure> {
    let mut all: Credentials = config.load(FILE)?;
    let place = if keyring::set(url, token) { Place::Keyring } else { Place::File };
    match place {
        Place::Keyring => {
            all.tokens.remove(url);
            all.in_keyring.insert(url.to_owned());
        }
        Place::File => {
            all.in_keyring.remove(url);
            all.tokens.insert(url.to_owned(), token.to_owned());
        }
    }
    config.save(FILE, &all)?;
    Ok(place)
}

/// Forgets the token of an installation.
pub(crate) fn forget(config: &ConfigDir, url: &str) -> Result<(), Failure> {
    let mut all: Credentials = config.load(FILE)?;
    if all.in_keyring.remove(url) {
        keyring::delete(url);
    }
    all.tokens.remove(url);
    config.save(FILE, &all)
}
