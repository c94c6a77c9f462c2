//! The keyring of the system: Keychain, Credential Manager, or a Secret Service on the session's D-Bus.

use keyring::{Entry, Error};

use crate::{env_vars, failure::Failure};

/// What keyrings list our entries under.
const SERVICE: &str = "patr";

fn is_off() -> bool {
    env_vars::value(env_vars::KEYRING).as_deref() == Some("off")
}

/// The token of an installation.
pub(super) fn get(url: &str) -> Result<Option<String>, Failure> {
    if is_off() {
        return Ok(None);
    }
    match Entry::new(SERVICE, url).and_then(|entry| entry.get_password()) {
        Ok(token) => Ok(Some(token)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(Failure::failed(format!("cannot read the login from the keyring: {error}"))
            .hint("unlock the keyring; or set PATR_KEYRING=off and log in again, which saves it in a file")),
    }
}

/// Puts a token there; `false` where there is no keyring, or it is locked.
pub(super) fn set(url: &str, token: &str) -> bool {
    !is_off() && Entry::new(SERVICE, url).and_then(|entry| entry.set_password(token)).is_ok()
}

/// Takes a token out. It was ended where it is good: one that stays behind opens nothing.
pub(super) fn delete(url: &str) {
    if !is_off() {
        let _ = Entry::new(SERVICE, url).and_then(|entry| entry.delete_credential());
    }
}
