//! The public keys of an issuer (JWK Set, RFC 7517), and the one algorithm of each.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa;
use rsa::{BoxedUint, PublicKey, pkcs1v15, signature::Verifier};
use serde_json::Value;
use sha2::Sha256;

use super::Refusal;

/// Keys that are looked at of one issuer.
const KEYS_MAX: usize = 64;

/// The keys of an issuer that we can use. Others are passed over: an issuer may have more than it signs these tokens with.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Jwks {
    keys: Vec<Value>,
}

/// A field of a key as it stands in JSON.
#[derive(serde::Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

pub(super) enum Key {
    Rs256(Box<pkcs1v15::VerifyingKey<Sha256>>),
    Es256(Box<ecdsa::VerifyingKey>),
    EdDsa(Box<ed25519_dalek::VerifyingKey>),
}

impl Jwks {
    /// Whether there is a key by this name.
    pub(crate) fn has(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| self.keys.iter().any(|key| key.get("kid").and_then(Value::as_str) == Some(kid)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that a token names. One without a name is for the only key that there is.
    pub(super) fn find(&self, alg: &str, kid: Option<&str>) -> Result<Key, Refusal> {
        if !matches!(alg, "RS256" | "ES256" | "EdDSA") {
            return Err(Refusal::Algorithm);
        }
        let known = self.keys.iter().take(KEYS_MAX);
        let mut known = known.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        let jwk = match kid {
            Some(kid) => known.find(|key| key.kid.as_deref() == Some(kid)),
            None => known.next().filter(|_| self.keys.len() == 1),
        };
        let jwk = jwk.ok_or(Refusal::UnknownKey)?;
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(Refusal::UnknownKey);
        }
        let key = jwk.key().ok_or(Refusal::UnknownKey)?;
        let agrees = key.algorithm() == alg && jwk.alg.as_deref().is_none_or(|own| own == alg);
        if agrees { Ok(key) } else { Err(Refusal::Algorithm) }
    }
}

impl Jwk {
    fn key(&self) -> Option<Key> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                let number = |field: &Option<String>| Some(BoxedUint::from_be_slice_vartime(&bytes(field)?));
                // Checks sizes: 2048 to 4096 bits, and a small exponent.
                let key = PublicKey::new(number(&self.n)?, number(&self.e)?).ok()?;
                Some(Key::Rs256(Box::new(pkcs1v15::VerifyingKey::new(key))))
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                // SEC 1, 2.3.4: the point, uncompressed. One that is not on the curve is refused.
                let point = [&[4], &x[..], &y[..]].concat();
                Some(Key::Es256(Box::new(ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)))
            }
            ("OKP", Some("Ed25519")) => {
                let x: [u8; 32] = bytes(&self.x)?.try_into().ok()?;
                Some(Key::EdDsa(Box::new(ed25519_dalek::VerifyingKey::from_bytes(&x).ok()?)))
            }
            _ => None,
        }
    }
}

fn bytes(field: &Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(field.as_deref()?).ok()
}

impl Key {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        const WRONG: Refusal = Refusal::Signature;
        match self {
            Self::Rs256(key) => {
                let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| WRONG)?;
                key.verify(message, &signature).map_err(|_| WRONG)
            }
            Self::Es256(key) => {
                // Both numbers one after the other (RFC 7518, 3.4), not DER.
                let signature = ecdsa::Signature::from_slice(signature).map_err(|_| WRONG)?;
                key.verify(message, &signature).map_err(|_| WRONG)
            }
            Self::EdDsa(key) => {
                let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| WRONG)?;
                key.verify_strict(message, &signature).map_err(|_| WRONG)
            }
        }
    }
}
