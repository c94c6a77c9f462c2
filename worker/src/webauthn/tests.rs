use std::cell::Cell;

use patr_models::passkey::{AssertionResponse, AttestationResponse};
use serde_json::Value;

use super::*;
use crate::testing::Authenticator;

/// Of the specification itself, for `example.org`.
fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_str().unwrap().as_bytes()).unwrap()
}

fn base64(hex: &Value) -> String {
    URL_SAFE_NO_PAD.encode(bytes(hex))
}

fn party() -> RelyingParty {
    RelyingParty { id: "example.org".to_owned(), origin: "https://example.org".to_owned() }
}

fn attestation(vector: &Value) -> Attestation {
    Attestation {
        id: base64(&vector["id"]),
        response: AttestationResponse {
            client_data_json: base64(&vector["client_data"]),
            attestation_object: base64(&vector["attestation_object"]),
        },
    }
}

fn register(vector: &Value) -> Result<Credential, Refusal> {
    party().register(&attestation(vector), |challenge| challenge == base64(&vector["challenge"]))
}

/// Whether a vector's assertion is signed by this key.
fn signs(key: &[u8], assertion: &Value) -> bool {
    let hash = Sha256::digest(bytes(&assertion["client_data"]));
    let message = [&bytes(&assertion["authenticator_data"])[..], &hash].concat();
    PublicKey::read(key).unwrap().verify(&message, &bytes(&assertion["signature"])).is_ok()
}

#[test]
fn a_passkey_of_the_specification_is_taken_if_somebody_has_unlocked_it() {
    let vectors = vectors();
    let taken = register(&vectors["packed_self_es256"]).unwrap();
    assert_eq!(taken.id, base64(&vectors["packed_self_es256"]["id"]));
    assert_eq!(register(&vectors["none_es256"]), Err(Refusal("nobody has unlocked it")));
}

#[test]
fn signatures_of_the_specification_verify() {
    let vectors = vectors();
    for name in ["none_es256", "packed_self_es256"] {
        let object = bytes(&vectors[name]["attestation_object"]);
        let data = authenticator::data_of(&object).unwrap();
        let key = AuthenticatorData::read(&data).unwrap().credential.unwrap().public_key.to_vec();
        let assertion = &vectors[name]["assertion"];
        assert!(signs(&key, assertion), "{name}");
        let other =
            &vectors[if name == "none_es256" { "packed_self_es256" } else { "none_es256" }]["assertion"];
        assert!(!signs(&key, other), "{name}");
        client::check(&bytes(&assertion["client_data"]), Ceremony::Get, "https://example.org", |challenge| {
            challenge == base64(&assertion["challenge"])
        })
        .unwrap();
    }
    let rsa = &vectors["packed_rs256"];
    assert!(signs(&bytes(&rsa["public_key"]), &rsa["assertion"]));
    let mut changed = rsa["assertion"].clone();
    changed["authenticator_data"] =
        Value::from(changed["authenticator_data"].as_str().unwrap().replace("19", "1d"));
    assert!(!signs(&bytes(&rsa["public_key"]), &changed));
}

#[test]
fn an_object_that_is_cut_short_anywhere_is_refused() {
    let vectors = vectors();
    let whole = bytes(&vectors["packed_self_es256"]["attestation_object"]);
    let mut attestation = attestation(&vectors["packed_self_es256"]);
    for length in 0..whole.len() {
        attestation.response.attestation_object = URL_SAFE_NO_PAD.encode(&whole[..length]);
        assert!(party().register(&attestation, |_| true).is_err(), "{length}");
    }
    let data = authenticator::data_of(&whole).unwrap();
    for length in 0..data.len() {
        assert!(AuthenticatorData::read(&data[..length]).is_err(), "{length}");
    }
}

const CHALLENGE: &str = "Y2hhbGxlbmdl";

/// A passkey of `example.org`, and the authenticator that has it.
fn known() -> (Authenticator, Credential) {
    let authenticator = Authenticator::new("example.org", "https://example.org");
    let credential = party().register(&authenticator.attest(CHALLENGE), |it| it == CHALLENGE).unwrap();
    (authenticator, credential)
}

fn verify(credential: &Credential, assertion: &Assertion) -> Result<u32, Refusal> {
    party().verify(credential, assertion, |it| it == CHALLENGE)
}

#[test]
fn what_a_passkey_signs_is_taken_for_its_challenge_only() {
    let (authenticator, credential) = known();
    let assertion = authenticator.sign(CHALLENGE);
    assert_eq!(verify(&credential, &assertion), Ok(0));
    let asked = Cell::new(None);
    let refused = party().verify(&credential, &assertion, |it| {
        asked.set(Some(it.to_owned()));
        false
    });
    assert_eq!(refused, Err(Refusal("its challenge is not one of ours, was used, or is too old")));
    assert_eq!(asked.take().as_deref(), Some(CHALLENGE));
}

#[test]
fn what_is_for_another_host_page_or_question_is_refused() {
    let (mut authenticator, credential) = known();
    let refused =
        |authenticator: &Authenticator| verify(&credential, &authenticator.sign(CHALLENGE)).unwrap_err();
    authenticator.origin = "https://evil.example".to_owned();
    assert_eq!(refused(&authenticator), Refusal("it was asked for by another page"));
    authenticator.origin = "https://example.org".to_owned();
    authenticator.rp_id = "evil.example".to_owned();
    assert_eq!(refused(&authenticator), Refusal("it is for another host"));
    authenticator.rp_id = "example.org".to_owned();
    let attestation = authenticator.attest(CHALLENGE);
    let response = AssertionResponse {
        client_data_json: attestation.response.client_data_json,
        ..authenticator.sign(CHALLENGE).response
    };
    let swapped = Assertion { id: attestation.id, response };
    assert_eq!(verify(&credential, &swapped), Err(Refusal("it is the answer to another question")));
}

#[test]
fn what_nobody_has_unlocked_or_touched_is_refused() {
    let (mut authenticator, credential) = known();
    for flags in [0b0000_0000, 0b0000_0001, 0b0000_0100] {
        authenticator.flags = flags;
        let refused = verify(&credential, &authenticator.sign(CHALLENGE));
        assert_eq!(refused, Err(Refusal("nobody has unlocked it")), "{flags:b}");
    }
    authenticator.flags = 0b0001_0101;
    let refused = verify(&credential, &authenticator.sign(CHALLENGE));
    assert_eq!(refused, Err(Refusal("its flags contradict each other")));
}

#[test]
fn another_key_or_changed_words_do_not_verify() {
    let (authenticator, credential) = known();
    let (other, _) = known();
    assert_eq!(verify(&credential, &other.sign(CHALLENGE)), Err(Refusal("its signature is wrong")));
    let mut assertion = authenticator.sign(CHALLENGE);
    let mut data = decode(&assertion.response.authenticator_data).unwrap();
    *data.last_mut().unwrap() ^= 1;
    assertion.response.authenticator_data = URL_SAFE_NO_PAD.encode(data);
    assert_eq!(verify(&credential, &assertion), Err(Refusal("its signature is wrong")));
}

#[test]
fn a_counter_that_does_not_go_on_is_of_a_copy() {
    let (mut authenticator, mut credential) = known();
    authenticator.counter = 7;
    credential.counter = 6;
    assert_eq!(verify(&credential, &authenticator.sign(CHALLENGE)), Ok(7));
    for known in [7, 8] {
        credential.counter = known;
        let refused = verify(&credential, &authenticator.sign(CHALLENGE));
        assert_eq!(refused, Err(Refusal("its counter went back")));
    }
    authenticator.counter = 0;
    assert!(verify(&credential, &authenticator.sign(CHALLENGE)).is_err());
}

#[test]
fn a_key_off_the_curve_or_of_another_algorithm_is_refused() {
    let es256 = |x: &str, y: &str, alg: &str| {
        let hex = format!("a50102{alg}2001215820{x}225820{y}");
        PublicKey::read(&bytes(&Value::from(hex))).err()
    };
    let (x, y) = (
        "afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61",
        "930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220",
    );
    assert_eq!(es256(x, y, "0326"), None);
    assert_eq!(es256(y, x, "0326"), Some(Refusal("its key cannot be read")));
    assert_eq!(
        es256(x, y, "0327"),
        Some(Refusal("its algorithm is none of those that were asked for")),
        "EdDSA"
    );
}
