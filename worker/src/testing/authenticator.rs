//! An authenticator in software, with one passkey: what a browser would answer in its name.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ciborium::{Value, cbor};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use patr_models::passkey::{Assertion, AssertionResponse, Attestation, AttestationResponse};
use sha2::{Digest, Sha256};

use crate::env;

/// Somebody is there and has unlocked it.
const UNLOCKED: u8 = 0b0000_0101;
const HAS_CREDENTIAL: u8 = 0b0100_0000;

pub(crate) struct Authenticator {
    key: SigningKey,
    id: [u8; 16],
    pub(crate) rp_id: String,
    pub(crate) origin: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    /// As it was told when it made the passkey.
    pub(crate) user_handle: Option<String>,
}

impl Authenticator {
    pub(crate) fn new(rp_id: &str, origin: &str) -> Self {
        Self {
            key: SigningKey::from_slice(&env::random::<32>().unwrap()).unwrap(),
            id: env::random().unwrap(),
            rp_id: rp_id.to_owned(),
            origin: origin.to_owned(),
            flags: UNLOCKED,
            counter: 0,
            user_handle: None,
        }
    }

    /// The answer to `create`.
    pub(crate) fn attest(&self, challenge: &str) -> Attestation {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let credential = [&[0; 16][..], &length, &self.id, &self.public_key()].concat();
        let data = [self.data(self.flags | HAS_CREDENTIAL), credential].concat();
        let object = cbor!({ "fmt" => "none", "attStmt" => {}, "authData" => Value::Bytes(data) }).unwrap();
        Attestation {
            id: URL_SAFE_NO_PAD.encode(self.id),
            response: AttestationResponse {
                client_data_json: URL_SAFE_NO_PAD.encode(self.client_data("webauthn.create", challenge)),
                attestation_object: URL_SAFE_NO_PAD.encode(written(&object)),
            },
        }
    }

    /// The answer to `get`.
    pub(crate) fn sign(&self, challenge: &str) -> Assertion {
        let client = self.client_data("webauthn.get", challenge);
        let data = self.data(self.flags);
        let signature: DerSignature = self.key.sign(&[&data[..], &Sha256::digest(&client)].concat());
        Assertion {
            id: URL_SAFE_NO_PAD.encode(self.id),
            response: AssertionResponse {
                client_data_json: URL_SAFE_NO_PAD.encode(client),
                authenticator_data: URL_SAFE_NO_PAD.encode(data),
                signature: URL_SAFE_NO_PAD.encode(signature.as_bytes()),
                user_handle: self.user_handle.clone(),
            },
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        [&Sha256::digest(&self.rp_id)[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let data = serde_json::json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: Option<&[u8]>| Value::Bytes(bytes.unwrap().to_vec());
        let (x, y) = (point.x().map(|x| &x[..]), point.y().map(|y| &y[..]));
        written(&cbor!({ 1 => 2, 3 => -7, -1 => 1, -2 => coordinate(x), -3 => coordinate(y) }).unwrap())
    }
}

fn written(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
