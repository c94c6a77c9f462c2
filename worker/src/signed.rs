//! Short-lived texts that nobody else could have written, so that nothing has to be kept to know them again: challenges
//! for passkeys, and tickets that say that a password was right.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use patr_models::time::Millis;
use sha2::Sha256;

use crate::{answer::Fault, env};

const NONCE: usize = 16;
const TIME: usize = 8;

/// Signs and checks for one purpose, which is part of the key.
pub(crate) struct Signer {
    key: [u8; 32],
}

impl Signer {
    /// `purpose` names everything that a text is good for; two purposes never read the same.
    pub(crate) fn new(secret: &str, purpose: &str) -> Self {
        Self {
            key: mac(secret.as_bytes(), format!("patr signed\n{purpose}").as_bytes())
                .finalize()
                .into_bytes()
                .into(),
        }
    }

    /// A text that is good for so long.
    pub(crate) fn issue(&self, now: Millis, lasts: Duration) -> Result<String, Fault> {
        let mut bytes = env::random::<NONCE>()?.to_vec();
        bytes.extend((now + lasts).0.to_be_bytes());
        bytes.extend(mac(&self.key, &bytes).finalize().into_bytes());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Until when a text is good, if it is.
    pub(crate) fn read(&self, text: &str, now: Millis) -> Option<Millis> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, tag) = bytes.split_at_checked(NONCE + TIME)?;
        mac(&self.key, said).verify_slice(tag).ok()?;
        let expires_at = Millis(u64::from_be_bytes(said.get(NONCE..)?.try_into().ok()?));
        (now < expires_at).then_some(expires_at)
    }
}

fn mac(key: &[u8], bytes: &[u8]) -> Hmac<Sha256> {
    // A key of any length is one: a longer one is hashed first (RFC 2104, 2).
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| <Hmac<Sha256> as KeyInit>::new(&Default::default()));
    mac.update(bytes);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);
    const LASTS: Duration = Duration::from_secs(300);

    #[test]
    fn a_text_is_good_for_its_purpose_and_its_time() {
        let signer = Signer::new("secret", "one");
        let text = signer.issue(NOW, LASTS).unwrap();
        assert_eq!(signer.read(&text, NOW + LASTS - Duration::from_millis(1)), Some(NOW + LASTS));
        assert_eq!(signer.read(&text, NOW + LASTS), None);
        assert_eq!(Signer::new("secret", "two").read(&text, NOW), None);
        assert_eq!(Signer::new("other", "one").read(&text, NOW), None);
        assert_ne!(text, signer.issue(NOW, LASTS).unwrap());
    }

    #[test]
    fn a_text_that_was_changed_is_good_for_nothing() {
        let signer = Signer::new("secret", "one");
        let text = signer.issue(NOW, LASTS).unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(signer.read(&URL_SAFE_NO_PAD.encode(&bytes), NOW), None, "{at}");
            bytes[at] ^= 1;
        }
        for bad in ["", "?", &text[..text.len() - 4]] {
            assert_eq!(signer.read(bad, NOW), None, "{bad}");
        }
    }
}
