//! An issuer of ID tokens, with a key for each algorithm.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{self, signature::Signer};
use rsa::{BoxedUint, pkcs1v15};
use serde_json::{Value, json};
use sha2::Sha256;

/// What GitHub's is.
pub(crate) const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The RSA key of RFC 7515, A.2: known to everybody, and good for nothing else.
const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-\
yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2\
CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyu\
XpoQ";
const P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY\
8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
const Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66\
t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    Rs256,
    /// Keys that are made of these numbers.
    Es256(u8),
    EdDsa(u8),
}

impl Signing {
    pub(crate) const ALL: [Self; 3] = [Self::Rs256, Self::Es256(1), Self::EdDsa(1)];

    pub(crate) fn alg(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    pub(crate) fn kid(self) -> String {
        format!("{self:?}")
    }

    /// The public half.
    pub(crate) fn jwk(self) -> Value {
        let kid = self.kid();
        match self {
            Self::Rs256 => {
                json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": N, "e": "AQAB" })
            }
            Self::Es256(seed) => {
                let point = es256(seed).verifying_key().to_sec1_point(false);
                let (x, y) = (encode(point.x().unwrap()), encode(point.y().unwrap()));
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y })
            }
            Self::EdDsa(seed) => {
                let x = encode(ed_dsa(seed).verifying_key().as_bytes());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
            }
        }
    }

    fn sign(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rs256 => {
                let number = |text| BoxedUint::from_be_slice_vartime(&decode(text));
                let key = rsa::PrivateKey::from_p_q(number(P), number(Q), number("AQAB")).unwrap();
                let signature: pkcs1v15::Signature = pkcs1v15::SigningKey::<Sha256>::new(key).sign(message);
                rsa::signature::SignatureEncoding::to_vec(&signature)
            }
            Self::Es256(seed) => {
                let signature: ecdsa::Signature = es256(seed).sign(message);
                signature.to_bytes().to_vec()
            }
            Self::EdDsa(seed) => ed_dsa(seed).sign(message).to_bytes().to_vec(),
        }
    }

    /// A token with this header and these claims.
    pub(crate) fn token_with(self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// A token as an issuer makes it.
    pub(crate) fn token(self, claims: &Value) -> String {
        self.token_with(&json!({ "typ": "JWT", "alg": self.alg(), "kid": self.kid() }), claims)
    }
}

fn es256(seed: u8) -> ecdsa::SigningKey {
    ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn ed_dsa(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// What an issuer with these keys publishes: its own document, and that of its keys.
pub(crate) fn documents(issuer: &str, keys: &[Signing]) -> [(String, Value); 2] {
    let jwks_uri = format!("{issuer}/.well-known/jwks");
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    [
        (
            format!("{issuer}/.well-known/openid-configuration"),
            json!({ "issuer": issuer, "jwks_uri": jwks_uri }),
        ),
        (jwks_uri.clone(), json!({ "keys": keys })),
    ]
}
