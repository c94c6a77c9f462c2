//! `GET /api/v1/runner/session`
//!
//! The agent's session: a WebSocket of JSON text, whose messages are in [`crate::wire`].

use crate::{declare_api_endpoint, endpoint::body::Upgraded, headers, name::string_type};

declare_api_endpoint! {
    /// Open the session of the runner whose token it is (WebSocket)
    ConnectRunner: GET "/api/v1/runner/session" {
        auth: Runner,
        path: {},
        request_headers: Connect,
        response: Upgraded,
    }
}

headers! {
    /// What an agent says of itself before its session is open.
    pub struct Connect {
        key: Option<PublicKey> = "patr-runner-key",
    }
}

/// Text is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an X25519 public key, as 64 hexadecimal digits in lower case")]
pub struct PublicKeyError;

fn public_key(text: &str) -> Result<String, PublicKeyError> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == 64 && text.bytes().all(lower) { Ok(text.to_owned()) } else { Err(PublicKeyError) }
}

string_type! {
    /// The key (X25519, RFC 7748) that secrets for a runner are sealed with. Its other half never leaves the machine.
    PublicKey, PublicKeyError, public_key,
    { "type": "string", "pattern": "^[0-9a-f]{64}$" }
}

impl PublicKey {
    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        let digit = |at: usize| char::from(self.0.as_bytes()[at]).to_digit(16).unwrap_or_default() as u8;
        std::array::from_fn(|at| digit(2 * at) << 4 | digit(2 * at + 1))
    }
}
