//! What the browser says about a ceremony (5.8.1, `CollectedClientData`). The authenticator signs its hash.

use super::Refusal;

/// Which ceremony it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    Create,
    Get,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

fn read(bytes: &[u8]) -> Result<ClientData, Refusal> {
    serde_json::from_slice(bytes).map_err(|_| Refusal("what the browser says cannot be read"))
}

pub(super) fn challenge(bytes: &[u8]) -> Result<String, Refusal> {
    read(bytes).map(|data| data.challenge)
}

pub(super) fn check(
    bytes: &[u8],
    ceremony: Ceremony,
    origin: &str,
    is_ours: impl FnOnce(&str) -> bool,
) -> Result<(), Refusal> {
    let data = read(bytes)?;
    let kind = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.kind != kind {
        return Err(Refusal("it is the answer to another question"));
    }
    if data.origin != origin || data.cross_origin {
        return Err(Refusal("it was asked for by another page"));
    }
    if !is_ours(&data.challenge) {
        return Err(Refusal("its challenge is not one of ours, was used, or is too old"));
    }
    Ok(())
}
