//! Passkeys (W3C Web Authentication): keys that an authenticator keeps and uses only for who unlocks it. The names of
//! fields are those that browsers give and take (Level 3, 5.1.8 to 5.1.10); bytes are base64url without padding.

use crate::{ids::PasskeyId, name::Label, time::Millis};

pub mod add;
pub mod begin;
pub mod begin_log_in;
pub mod log_in;
pub mod remove;

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: Label,
    pub created_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Millis>,
}

/// What `navigator.credentials.get` is called with. No credential is named: the authenticator knows which ones it has.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    pub challenge: String,
    pub rp_id: String,
    /// Milliseconds.
    pub timeout: u32,
    pub user_verification: Required,
}

/// What `navigator.credentials.create` is called with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    pub challenge: String,
    pub rp: RelyingParty,
    pub user: UserEntity,
    pub pub_key_cred_params: Vec<KeyParameters>,
    /// Milliseconds.
    pub timeout: u32,
    /// Authenticators that have one of these make no second one for the account.
    pub exclude_credentials: Vec<Descriptor>,
    pub authenticator_selection: Selection,
    pub attestation: NoAttestation,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct RelyingParty {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserEntity {
    /// The bytes of the account's id.
    pub id: String,
    pub name: String,
    pub display_name: String,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct KeyParameters {
    #[serde(rename = "type")]
    pub kind: PublicKey,
    /// A COSE algorithm (RFC 9053).
    pub alg: i32,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Descriptor {
    #[serde(rename = "type")]
    pub kind: PublicKey,
    pub id: String,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    pub resident_key: Required,
    pub user_verification: Required,
}

/// The only kind of credential that there is.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum PublicKey {
    #[serde(rename = "public-key")]
    PublicKey,
}

/// Who made an authenticator is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum NoAttestation {
    #[serde(rename = "none")]
    None,
}

/// A passkey has to be found without being named, and unlocked: so it is enough alone.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub enum Required {
    #[serde(rename = "required")]
    Required,
}

/// What a new passkey answers (`PublicKeyCredential` of `create`).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Attestation {
    pub id: String,
    pub response: AttestationResponse,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    #[serde(rename = "attestationObject")]
    pub attestation_object: String,
}

/// What a passkey answers to a challenge (`PublicKeyCredential` of `get`).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Assertion {
    pub id: String,
    pub response: AssertionResponse,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    pub authenticator_data: String,
    pub signature: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<String>,
}
