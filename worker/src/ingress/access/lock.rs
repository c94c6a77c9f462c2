//! What lets a visitor in to a site that is not for everybody: a cookie for some hours, and a code that is exchanged for
//! one. Both are signed with a key that is the site's at one generation of its access, so a change of the password
//! makes all of them worthless at once, and nothing has to be looked up to check one.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use patr_models::{ids::SiteId, time::Millis};
use sha2::Sha256;

/// How long a visitor is let in.
const COOKIE_LASTS: Duration = Duration::from_secs(12 * 3600);
/// How long the way from the control host to the site may take.
pub(crate) const CODE_LASTS: Duration = Duration::from_secs(60);
/// The cookie's name.
pub(crate) const COOKIE: &str = "patr-access";

type Signature = Hmac<Sha256>;

/// Signs and checks for one site at one generation of its access.
pub(crate) struct Lock {
    key: [u8; 32],
}

/// A code that was signed here and is not too old.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// What makes it one that nobody else has, and that is used once.
    pub(crate) nonce: String,
    pub(crate) expires_at: Millis,
}

impl Lock {
    pub(crate) fn new(secret: &str, site: SiteId, generation: u64) -> Self {
        let purpose = format!("patr site access\n{site}\n{generation}");
        Self { key: sign(secret.as_bytes(), &purpose).finalize().into_bytes().into() }
    }

    /// The value of a cookie that lets in.
    pub(crate) fn cookie(&self, now: Millis) -> String {
        let expires_at = (now + COOKIE_LASTS).0;
        format!("{expires_at}.{}", self.tag(&cookie(expires_at)))
    }

    /// Whether one of the cookies of a request lets in. There may be more than one of the name: two sites can share a
    /// host.
    pub(crate) fn opens(&self, cookies: &str, now: Millis) -> bool {
        let ours = cookies.split(';').filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        ours.filter_map(|value| value.split_once('.')).any(|(expires_at, tag)| {
            let Ok(expires_at) = expires_at.parse() else { return false };
            now < Millis(expires_at) && self.is_tag(&cookie(expires_at), tag)
        })
    }

    /// A code with which who has it is let in at a host, once.
    pub(crate) fn code(&self, nonce: &[u8; 16], host: &str, now: Millis) -> String {
        let (nonce, expires_at) = (URL_SAFE_NO_PAD.encode(nonce), (now + CODE_LASTS).0);
        format!("{expires_at}.{nonce}.{}", self.tag(&code(expires_at, &nonce, host)))
    }

    /// What a code says, if it is one for this host and not too old.
    pub(crate) fn read_code(&self, text: &str, host: &str, now: Millis) -> Option<Code> {
        let (expires_at, rest) = text.split_once('.')?;
        let (nonce, tag) = rest.split_once('.')?;
        let expires_at = expires_at.parse().ok()?;
        let good = now < Millis(expires_at) && self.is_tag(&code(expires_at, nonce, host), tag);
        good.then(|| Code { nonce: nonce.to_owned(), expires_at: Millis(expires_at) })
    }

    fn tag(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.key, text).finalize().into_bytes())
    }

    /// In the same time wherever they differ.
    fn is_tag(&self, text: &str, tag: &str) -> bool {
        URL_SAFE_NO_PAD.decode(tag).is_ok_and(|tag| sign(&self.key, text).verify_slice(&tag).is_ok())
    }
}

fn cookie(expires_at: u64) -> String {
    format!("cookie\n{expires_at}")
}

fn code(expires_at: u64, nonce: &str, host: &str) -> String {
    format!("code\n{expires_at}\n{nonce}\n{host}")
}

fn sign(key: &[u8], text: &str) -> Signature {
    // A key of any length is one: a longer one is hashed first (RFC 2104, 2).
    let mut signature = <Signature as KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| <Signature as KeyInit>::new(&Default::default()));
    signature.update(text.as_bytes());
    signature
}

#[cfg(test)]
mod tests {
    use patr_models::ids::Id;

    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn lock(site: u128, generation: u64) -> Lock {
        Lock::new("secret", SiteId::from_parts(NOW, site), generation)
    }

    fn header(lock: &Lock) -> String {
        format!("a=1; {COOKIE}={}; b=2", lock.cookie(NOW))
    }

    #[test]
    fn a_cookie_opens_its_site_for_twelve_hours() {
        let cookies = header(&lock(1, 1));
        assert!(lock(1, 1).opens(&cookies, NOW));
        assert!(lock(1, 1).opens(&cookies, NOW + COOKIE_LASTS - Duration::from_millis(1)));
        assert!(!lock(1, 1).opens(&cookies, NOW + COOKIE_LASTS));
    }

    #[test]
    fn a_cookie_opens_no_other_site_no_later_generation_and_no_other_installation() {
        let cookies = header(&lock(1, 1));
        assert!(!lock(2, 1).opens(&cookies, NOW));
        assert!(!lock(1, 2).opens(&cookies, NOW));
        assert!(!Lock::new("other", SiteId::from_parts(NOW, 1), 1).opens(&cookies, NOW));
    }

    #[test]
    fn a_cookie_that_was_changed_opens_nothing() {
        let value = lock(1, 1).cookie(NOW);
        let (expires_at, tag) = value.split_once('.').unwrap();
        let later = expires_at.parse::<u64>().unwrap() + 1;
        for forged in [format!("{later}.{tag}"), format!("{expires_at}."), tag.to_owned(), String::new()] {
            assert!(!lock(1, 1).opens(&format!("{COOKIE}={forged}"), NOW), "{forged}");
        }
    }

    #[test]
    fn one_good_cookie_among_others_of_the_name_opens() {
        let cookies = format!("{}; {}", header(&lock(2, 1)), header(&lock(1, 1)));
        assert!(lock(1, 1).opens(&cookies, NOW));
    }

    #[test]
    fn a_code_is_for_one_host_and_a_minute_and_is_no_cookie() {
        let lock = lock(1, 1);
        let code = lock.code(&[7; 16], "docs.example", NOW);
        let read = lock.read_code(&code, "docs.example", NOW).unwrap();
        assert_eq!(read.expires_at, NOW + CODE_LASTS);
        assert_eq!(lock.read_code(&code, "other.example", NOW), None);
        assert_eq!(lock.read_code(&code, "docs.example", NOW + CODE_LASTS), None);
        assert!(!lock.opens(&format!("{COOKIE}={code}"), NOW));
    }
}
