//! Passkeys: what an authenticator says and has signed, checked as a relying party has to (W3C Web Authentication Level 3,
//! 7.1 and 7.2). Nothing here reads a clock or a database.
//!
//! Who made an authenticator is not asked (attestation `none`), so a statement about that is not looked at.

mod authenticator;
mod client;
mod key;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_models::passkey::{Assertion, Attestation};
use sha2::{Digest, Sha256};

use authenticator::AuthenticatorData;
pub(crate) use client::Ceremony;
pub(crate) use key::ALGORITHMS;
use key::PublicKey;

/// Why something is not taken. It is about what the caller sent, and may be shown to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str);

/// For whom passkeys are: this installation.
pub(crate) struct RelyingParty {
    /// The control host, without a port.
    pub(crate) id: String,
    /// As a browser says where a page is from.
    pub(crate) origin: String,
}

/// A passkey as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    /// base64url, as in every call.
    pub(crate) id: String,
    /// COSE, base64url.
    pub(crate) public_key: String,
    pub(crate) counter: u32,
}

impl RelyingParty {
    /// A new passkey, if it answers to the challenge for which `is_ours` is true.
    pub(crate) fn register(
        &self,
        attestation: &Attestation,
        is_ours: impl FnOnce(&str) -> bool,
    ) -> Result<Credential, Refusal> {
        let client = decode(&attestation.response.client_data_json)?;
        client::check(&client, Ceremony::Create, &self.origin, is_ours)?;
        let object = decode(&attestation.response.attestation_object)?;
        let data = authenticator::data_of(&object)?;
        let data = self.check(&data)?;
        let new = data.credential.ok_or(Refusal("it names no key"))?;
        if URL_SAFE_NO_PAD.encode(new.id) != attestation.id {
            return Err(Refusal("it is named in two ways"));
        }
        PublicKey::read(new.public_key)?;
        Ok(Credential {
            id: attestation.id.clone(),
            public_key: URL_SAFE_NO_PAD.encode(new.public_key),
            counter: data.counter,
        })
    }

    /// How often a passkey has signed by now, if it has signed the challenge for which `is_ours` is true.
    pub(crate) fn verify(
        &self,
        known: &Credential,
        assertion: &Assertion,
        is_ours: impl FnOnce(&str) -> bool,
    ) -> Result<u32, Refusal> {
        let response = &assertion.response;
        let client = decode(&response.client_data_json)?;
        client::check(&client, Ceremony::Get, &self.origin, is_ours)?;
        let signed = decode(&response.authenticator_data)?;
        let data = self.check(&signed)?;
        let message = [&signed[..], &Sha256::digest(&client)].concat();
        PublicKey::read(&decode(&known.public_key)?)?.verify(&message, &decode(&response.signature)?)?;
        // One that counts has to count on: otherwise there is a copy of it somewhere.
        let counts = data.counter != 0 || known.counter != 0;
        if counts && data.counter <= known.counter {
            return Err(Refusal("its counter went back"));
        }
        Ok(data.counter)
    }

    /// For us, and by somebody who was there and unlocked it.
    fn check<'a>(&self, bytes: &'a [u8]) -> Result<AuthenticatorData<'a>, Refusal> {
        let data = AuthenticatorData::read(bytes)?;
        if data.rp_id_hash != Sha256::digest(&self.id).as_slice() {
            return Err(Refusal("it is for another host"));
        }
        if !data.user_present || !data.user_verified {
            return Err(Refusal("nobody has unlocked it"));
        }
        Ok(data)
    }
}

/// The challenge that an answer says it is for. Nothing is checked yet.
pub(crate) fn challenge_of(client_data_json: &str) -> Result<String, Refusal> {
    client::challenge(&decode(client_data_json)?)
}

/// The bytes of base64url.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal("it is not base64url"))
}

#[cfg(test)]
#[path = "webauthn/tests.rs"]
mod tests;
