//! Secrets at rest, and on their way to a runner.
//!
//! | key | is | kept |
//! |---|---|---|
//! | the installation's | the Worker secret [`SECRETS_KEY`](crate::env::SECRETS_KEY) | nowhere else |
//! | a person's seed for an authenticator app | 160 random bits | in D1, encrypted with the installation's |
//! | a workspace's | 256 random bits | in D1, encrypted with the installation's |
//! | a runner's | X25519; its other half never leaves the machine | in D1, public |
//!
//! What is encrypted says what it is about as associated data, so that a row of D1 that was put in another's place does
//! not open. Nonces are random: with 192 bits they never meet.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use crypto_box::aead::rand_core::{CryptoRng, Error, RngCore, impls};
use patr_models::{
    ids::{UserId, WorkspaceId},
    name::Name,
    runner::connect::PublicKey,
    secret::{SecretVersion, Secrets},
};
use sha2::{Digest, Sha256};

use crate::{answer::Fault, env};

const NONCE: usize = 24;

/// A symmetric key. It has no `Display` and no `Debug`.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// From 64 hexadecimal digits.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = [0; 32];
        for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(key))
    }

    pub(crate) fn random() -> Result<Self, Fault> {
        Ok(Self(env::random()?))
    }

    /// A workspace's key, encrypted with this one, the installation's.
    pub(crate) fn wrap(&self, workspace: WorkspaceId, key: &Self) -> Result<String, Fault> {
        self.encrypt(&about_key(workspace), &key.0)
    }

    /// A workspace's key again.
    pub(crate) fn unwrap(&self, workspace: WorkspaceId, wrapped: &str) -> Result<Self, Fault> {
        let key = self.decrypt(&about_key(workspace), wrapped)?;
        key.try_into().map(Self).map_err(|_| Fault::new("a workspace's key has another length"))
    }

    /// Says which key it is, without saying anything about it.
    pub(crate) fn fingerprint(&self) -> String {
        let digest = Sha256::new().chain_update("patr key fingerprint").chain_update(self.0).finalize();
        URL_SAFE_NO_PAD.encode(&digest[..12])
    }

    /// A value, encrypted with this key, its workspace's.
    pub(crate) fn close(&self, place: Place<'_>, value: &[u8]) -> Result<String, Fault> {
        self.encrypt(&place.about(), value)
    }

    /// A value again.
    pub(crate) fn open(&self, place: Place<'_>, closed: &str) -> Result<Vec<u8>, Fault> {
        self.decrypt(&place.about(), closed)
    }

    /// The seed of a person's authenticator app, encrypted with this key, the installation's.
    pub(crate) fn close_seed(&self, user: UserId, seed: &[u8]) -> Result<String, Fault> {
        self.encrypt(&about_seed(user), seed)
    }

    fn encrypt(&self, about: &str, plain: &[u8]) -> Result<String, Fault> {
        let nonce: [u8; NONCE] = env::random()?;
        let payload = Payload { msg: plain, aad: about.as_bytes() };
        let cipher = XChaCha20Poly1305::new(&self.0.into());
        let sealed =
            cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Fault::new("cannot encrypt"))?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    fn decrypt(&self, about: &str, text: &str) -> Result<Vec<u8>, Fault> {
        let broken = || {
            Fault::new(format_args!(
                "what D1 has as `{about}` does not open: it, or {}, is another",
                env::SECRETS_KEY
            ))
        };
        let bytes = STANDARD.decode(text).map_err(|_| broken())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(broken)?;
        let payload = Payload { msg: sealed, aad: about.as_bytes() };
        XChaCha20Poly1305::new(&self.0.into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| broken())
    }
}

/// The installation's keys: the one that is used, and the one before it, for as long as the one replaces the other.
#[derive(Clone)]
pub(crate) struct Keyring {
    pub(crate) current: Key,
    pub(crate) former: Option<Key>,
}

impl Keyring {
    /// A workspace's key, encrypted with either.
    pub(crate) fn unwrap(&self, workspace: WorkspaceId, wrapped: &str) -> Result<Key, Fault> {
        let opened = self.current.unwrap(workspace, wrapped);
        match &self.former {
            Some(former) => opened.or_else(|_| former.unwrap(workspace, wrapped)),
            None => opened,
        }
    }

    /// The seed of a person's authenticator app, encrypted with either.
    pub(crate) fn open_seed(&self, user: UserId, closed: &str) -> Result<Vec<u8>, Fault> {
        let opened = self.current.decrypt(&about_seed(user), closed);
        match &self.former {
            Some(former) => opened.or_else(|_| former.decrypt(&about_seed(user), closed)),
            None => opened,
        }
    }

    /// A workspace's key, encrypted with the one that is used.
    pub(crate) fn rewrap(&self, workspace: WorkspaceId, wrapped: &str) -> Result<String, Fault> {
        self.current.wrap(workspace, &self.unwrap(workspace, wrapped)?)
    }
}

/// Which value it is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) secret: &'a Name,
    pub(crate) version: SecretVersion,
}

impl Place<'_> {
    /// Neither ids nor names have spaces: no two places read the same.
    fn about(self) -> String {
        let Self { workspace, secret, version } = self;
        format!("secret {workspace} {secret} {version}")
    }
}

fn about_seed(user: UserId) -> String {
    format!("totp {user}")
}

fn about_key(workspace: WorkspaceId) -> String {
    format!("key {workspace}")
}

/// Values for a runner, which alone can open them (libsodium's `crypto_box_seal`), as base64.
pub(crate) fn seal(secrets: &Secrets, to: &PublicKey) -> Result<String, Fault> {
    let mut randomness = Randomness { failed: false };
    let sealed =
        crypto_box::PublicKey::from(to.to_bytes()).seal(&mut randomness, &serde_json::to_vec(secrets)?);
    match sealed {
        Ok(sealed) if !randomness.failed => Ok(STANDARD.encode(sealed)),
        _ => Err(Fault::new("cannot seal")),
    }
}

/// The platform's randomness as `crypto_box` takes it, which has no way to hear that there is none.
struct Randomness {
    failed: bool,
}

impl RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, to: &mut [u8]) {
        self.failed |= env::fill_random(to).is_err();
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl CryptoRng for Randomness {}

#[cfg(test)]
mod tests {
    use patr_models::{ids::Id, secret::SecretValue, time::Millis};

    use super::*;

    fn workspace(number: u128) -> WorkspaceId {
        WorkspaceId::from_parts(Millis(1), number)
    }

    #[test]
    fn a_value_opens_only_in_its_own_place() {
        let (key, name, other) = (Key::random().unwrap(), "db".parse().unwrap(), "cache".parse().unwrap());
        let place = Place { workspace: workspace(1), secret: &name, version: 1 };
        let closed = key.close(place, b"hunter2").unwrap();
        assert_eq!(key.open(place, &closed).unwrap(), b"hunter2");
        for wrong in [
            Place { workspace: workspace(2), ..place },
            Place { secret: &other, ..place },
            Place { version: 2, ..place },
        ] {
            assert!(key.open(wrong, &closed).is_err());
        }
        assert!(Key::random().unwrap().open(place, &closed).is_err());
        assert!(key.open(place, "").is_err());
    }

    #[test]
    fn equal_values_do_not_look_equal() {
        let (key, name) = (Key::random().unwrap(), "db".parse().unwrap());
        let place = Place { workspace: workspace(1), secret: &name, version: 1 };
        assert_ne!(key.close(place, b"same").unwrap(), key.close(place, b"same").unwrap());
    }

    #[test]
    fn a_wrapped_key_opens_for_its_workspace_only() {
        let (master, key) = (Key::random().unwrap(), Key::random().unwrap());
        let wrapped = master.wrap(workspace(1), &key).unwrap();
        assert_eq!(master.unwrap(workspace(1), &wrapped).unwrap().0, key.0);
        assert!(master.unwrap(workspace(2), &wrapped).is_err());
    }

    #[test]
    fn a_key_that_is_being_replaced_still_opens_what_it_has_closed() {
        let (former, current, key) = (Key::random().unwrap(), Key::random().unwrap(), Key::random().unwrap());
        let wrapped = former.wrap(workspace(1), &key).unwrap();
        let ring = Keyring { current: current.clone(), former: Some(former) };
        assert_eq!(ring.unwrap(workspace(1), &wrapped).unwrap().0, key.0);
        let again = ring.rewrap(workspace(1), &wrapped).unwrap();
        let alone = Keyring { current, former: None };
        assert_eq!(alone.unwrap(workspace(1), &again).unwrap().0, key.0);
        assert!(alone.unwrap(workspace(1), &wrapped).is_err());
        assert_ne!(alone.current.fingerprint(), key.fingerprint());
    }

    #[test]
    fn a_seed_opens_for_its_person_and_with_the_former_key() {
        let (former, current) = (Key::random().unwrap(), Key::random().unwrap());
        let (ada, bob) = (UserId::from_parts(Millis(1), 1), UserId::from_parts(Millis(1), 2));
        let closed = former.close_seed(ada, b"seed").unwrap();
        let ring = Keyring { current: current.clone(), former: Some(former) };
        assert_eq!(ring.open_seed(ada, &closed).unwrap(), b"seed");
        assert!(ring.open_seed(bob, &closed).is_err());
        assert!(Keyring { current, former: None }.open_seed(ada, &closed).is_err());
    }

    #[test]
    fn what_is_sealed_opens_with_the_runners_other_half() {
        let own = crypto_box::SecretKey::from([7; 32]);
        let to = PublicKey::from_bytes(own.public_key().to_bytes());
        let mut secrets = Secrets::default();
        secrets
            .0
            .entry("db".parse().unwrap())
            .or_default()
            .insert(3, SecretValue::Text("hunter2".to_owned()));
        let sealed = STANDARD.decode(seal(&secrets, &to).unwrap()).unwrap();
        let opened: Secrets = serde_json::from_slice(&own.unseal(&sealed).unwrap()).unwrap();
        assert_eq!(opened, secrets);
        assert!(crypto_box::SecretKey::from([8; 32]).unseal(&sealed).is_err());
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        assert!(Key::from_hex(&"0aF".repeat(22)[..64]).is_some());
        for bad in ["", "0", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
            assert!(Key::from_hex(bad).is_none(), "{bad}");
        }
    }
}
