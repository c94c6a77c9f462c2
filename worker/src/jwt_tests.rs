use serde_json::json;

use super::*;
use crate::testing::{ISSUER, Signing};

const AUDIENCE: &str = "https://patr.example";
/// In seconds.
const NOW: u64 = 1_700_000_000;

fn keys(keys: &[Signing]) -> Jwks {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "repo:acme/web", "iat": NOW, "nbf": NOW, "exp": NOW + 300 })
}

/// The claims with one of them as it is here, or without it.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn prove(token: &str, with: &[Signing]) -> Result<Claims, Refusal> {
    Unproved::read(token)?.prove(&keys(with), ISSUER, AUDIENCE, Millis(NOW * 1000))
}

#[test]
fn a_token_of_each_algorithm_proves_what_it_says() {
    for key in Signing::ALL {
        let claims = prove(&key.token(&claims()), &Signing::ALL).unwrap();
        assert_eq!(claims.text("sub"), Some("repo:acme/web"), "{key:?}");
    }
}

/// The example of RFC 7515, A.2, which was made by others.
#[test]
fn a_signature_that_others_made_is_good() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc1\
9yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJd\
bF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12\
jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    // It is for nobody in particular: what stops it is looked at after the signature.
    let proved = Unproved::read(token).unwrap().prove(&keys(&[Signing::Rs256]), "joe", AUDIENCE, Millis(0));
    assert_eq!(proved, Err(Refusal::Audience));
}

#[test]
fn nothing_in_a_token_can_be_changed() {
    for key in Signing::ALL {
        let token = key.token(&claims());
        let other = key.token(&with("sub", json!("repo:eve/web")));
        let part = |token: &str, at: usize| token.split('.').nth(at).unwrap().to_owned();
        let swapped = format!("{}.{}.{}", part(&token, 0), part(&other, 1), part(&token, 2));
        assert_eq!(prove(&swapped, &Signing::ALL), Err(Refusal::Signature), "{key:?}");
        let cut = prove(&token[..token.len() - 4], &Signing::ALL);
        assert!(matches!(cut, Err(Refusal::Signature | Refusal::Unreadable)), "{key:?}: {cut:?}");
    }
}

#[test]
fn the_key_decides_the_algorithm() {
    let refused = |header: Value, key: Signing| prove(&key.token_with(&header, &claims()), &Signing::ALL);
    for alg in ["none", "None", "HS256", "RS512", "PS256", "ES384", ""] {
        let header = json!({ "alg": alg, "kid": Signing::Rs256.kid() });
        assert_eq!(refused(header, Signing::Rs256), Err(Refusal::Algorithm), "{alg}");
    }
    // A key of one kind under the name of another's algorithm.
    let header = json!({ "alg": "ES256", "kid": Signing::Rs256.kid() });
    assert_eq!(refused(header, Signing::Rs256), Err(Refusal::Algorithm));
    let header = json!({ "alg": "RS256", "kid": Signing::EdDsa(1).kid() });
    assert_eq!(refused(header, Signing::EdDsa(1)), Err(Refusal::Algorithm));
    // Unsigned, with an empty signature.
    let none = json!({ "alg": "none" });
    let token = Signing::Rs256.token_with(&none, &claims());
    let unsigned = &token[..=token.rfind('.').unwrap()];
    assert_eq!(prove(unsigned, &Signing::ALL), Err(Refusal::Algorithm));
}

#[test]
fn a_public_key_is_no_shared_secret() {
    use hmac::{Hmac, KeyInit, Mac};
    let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "HS256", "kid": Signing::Rs256.kid() }).to_string());
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()));
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(Signing::Rs256.jwk()["n"].as_str().unwrap().as_bytes()).unwrap();
    mac.update(message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    assert_eq!(prove(&token, &Signing::ALL), Err(Refusal::Algorithm));
}

#[test]
fn a_token_names_its_key_unless_there_is_only_one() {
    let key = Signing::Es256(1);
    let nameless = key.token_with(&json!({ "alg": "ES256" }), &claims());
    assert!(prove(&nameless, &[key]).is_ok());
    assert_eq!(prove(&nameless, &[key, Signing::Es256(2)]), Err(Refusal::UnknownKey));
    assert_eq!(prove(&key.token(&claims()), &[Signing::Es256(2)]), Err(Refusal::UnknownKey));
    assert_eq!(prove(&key.token(&claims()), &[]), Err(Refusal::UnknownKey));
    let false_name = key.token_with(&json!({ "alg": "ES256", "kid": Signing::Es256(2).kid() }), &claims());
    assert_eq!(prove(&false_name, &[key, Signing::Es256(2)]), Err(Refusal::Signature));
}

#[test]
fn a_key_that_is_not_for_signatures_or_cannot_be_one_is_none() {
    let key = Signing::Es256(1);
    let token = key.token(&claims());
    let with = |field: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[field] = value;
        let keys: Jwks = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
        Unproved::read(&token).unwrap().prove(&keys, ISSUER, AUDIENCE, Millis(NOW * 1000))
    };
    assert_eq!(with("use", json!("enc")), Err(Refusal::UnknownKey));
    assert_eq!(with("alg", json!("RS256")), Err(Refusal::Algorithm));
    assert_eq!(with("x", json!("AAAA")), Err(Refusal::UnknownKey));
    assert_eq!(with("y", key.jwk()["x"].clone()), Err(Refusal::UnknownKey), "a point beside the curve");
    assert_eq!(with("crv", json!("P-384")), Err(Refusal::UnknownKey));
}

#[test]
fn who_for_whom_and_when_must_be_right_within_a_minute() {
    let key = Signing::EdDsa(1);
    let token = |claims: &Value| prove(&key.token(claims), &[key]).map(|_| ());
    for (name, value, expected) in [
        ("iss", json!("https://gitlab.com"), Err(Refusal::Claim("iss"))),
        ("iss", json!(null), Err(Refusal::Claim("iss"))),
        ("aud", json!("https://other.example"), Err(Refusal::Audience)),
        ("aud", json!(null), Err(Refusal::Audience)),
        ("aud", json!({ "a": AUDIENCE }), Err(Refusal::Audience)),
        ("aud", json!(["https://other.example", AUDIENCE]), Ok(())),
        ("exp", json!(null), Err(Refusal::Claim("exp"))),
        ("exp", json!("soon"), Err(Refusal::Claim("exp"))),
        ("exp", json!(-1), Err(Refusal::Claim("exp"))),
        ("exp", json!(NOW - 60), Err(Refusal::Expired)),
        ("exp", json!(NOW - 59), Ok(())),
        ("exp", json!(NOW as f64 + 0.5), Ok(())),
        ("iat", json!(null), Err(Refusal::Claim("iat"))),
        ("iat", json!(NOW + 61), Err(Refusal::Early)),
        ("iat", json!(NOW + 60), Ok(())),
        ("nbf", json!(NOW + 61), Err(Refusal::Early)),
        ("nbf", json!(NOW + 60), Ok(())),
        ("nbf", json!(null), Ok(())),
        ("nbf", json!(true), Err(Refusal::Claim("nbf"))),
    ] {
        assert_eq!(token(&with(name, value.clone())), expected, "{name}: {value}");
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let key = Signing::EdDsa(1);
    let header = json!({ "alg": "EdDSA", "kid": key.kid(), "crit": ["b64"], "b64": false });
    assert_eq!(prove(&key.token_with(&header, &claims()), &[key]), Err(Refusal::Critical));
}

#[test]
fn what_is_no_token_is_refused() {
    let long = "a".repeat(MAX + 1);
    for text in ["", ".", "..", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "{}.{}.x", &long] {
        assert!(prove(text, &Signing::ALL).is_err(), "{text}");
    }
}
