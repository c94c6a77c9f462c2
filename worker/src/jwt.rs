//! ID tokens of others: JSON Web Tokens (RFC 7519) in the compact form of JWS (RFC 7515), signed with RS256, ES256 or EdDSA.
//!
//! Which algorithm is used is decided by the key and never by the token: what the token says must agree with that. So
//! neither `none` nor a public key that is taken for a shared secret gets anywhere.

pub(crate) mod keys;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_models::time::Millis;
use serde_json::{Map, Value};

use keys::Jwks;

/// How far the clock of an issuer may be off.
const LEEWAY: Duration = Duration::from_secs(60);
/// Longest token that is looked at, in bytes. Those of GitHub have two to three thousand.
const MAX: usize = 16 * 1024;

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("it is no signed token")]
    Unreadable,
    #[error("its algorithm is none of RS256, ES256 and EdDSA")]
    Algorithm,
    #[error("it wants something understood that is not")]
    Critical,
    #[error("its issuer has no such key")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it has no `{0}` as it should be")]
    Claim(&'static str),
    #[error("it is for somebody else")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not good yet")]
    Early,
}

/// What a token says before anything is proved.
#[derive(Debug)]
pub(crate) struct Unproved<'a> {
    header: Header,
    claims: Map<String, Value>,
    /// What was signed.
    message: &'a str,
    signature: Vec<u8>,
}

#[derive(Debug, serde::Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// What a token says that its issuer has signed, for us, and now.
#[derive(Debug, PartialEq)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}

impl<'a> Unproved<'a> {
    pub(crate) fn read(token: &'a str) -> Result<Self, Refusal> {
        if token.len() > MAX {
            return Err(Refusal::Unreadable);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Unreadable)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Unreadable)?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Unreadable);
        let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| Refusal::Unreadable)?;
        let claims = serde_json::from_slice(&bytes(claims)?).map_err(|_| Refusal::Unreadable)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        Ok(Self { header, claims, message, signature: bytes(signature)? })
    }

    /// Who it says has issued it.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// The key that it says it is signed with.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// For whom it says that it is.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        audiences(&self.claims)
    }

    /// Proves it with the keys of its issuer, of whose tokens only those for one of these audiences are taken.
    pub(crate) fn prove(
        self,
        keys: &Jwks,
        issuer: &str,
        audience: &str,
        now: Millis,
    ) -> Result<Claims, Refusal> {
        let key = keys.find(&self.header.alg, self.header.kid.as_deref())?;
        key.verify(self.message.as_bytes(), &self.signature)?;
        check(&self.claims, issuer, audience, now)?;
        Ok(Claims(self.claims))
    }
}

fn audiences(claims: &Map<String, Value>) -> Vec<&str> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Who, for whom and when (RFC 7519, 4.1; OpenID Connect Core, 3.1.3.7).
fn check(claims: &Map<String, Value>, issuer: &str, audience: &str, now: Millis) -> Result<(), Refusal> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(Refusal::Claim("iss"));
    }
    if !audiences(claims).contains(&audience) {
        return Err(Refusal::Audience);
    }
    let (late, early) = (now - LEEWAY, now + LEEWAY);
    if time(claims, "exp")?.ok_or(Refusal::Claim("exp"))? <= late {
        return Err(Refusal::Expired);
    }
    let issued = time(claims, "iat")?.ok_or(Refusal::Claim("iat"))?;
    let good = time(claims, "nbf")?.unwrap_or(issued);
    if issued > early || good > early { Err(Refusal::Early) } else { Ok(()) }
}

/// A `NumericDate`: seconds, perhaps with a fraction.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Millis>, Refusal> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds =
        value.as_f64().filter(|seconds| (0.0..1e12).contains(seconds)).ok_or(Refusal::Claim(name))?;
    Ok(Some(Millis(0) + Duration::from_secs_f64(seconds)))
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
