//! `POST /api/v1/tokens`
//!
//! Make an API token. Its secret is answered this once and stored only as a hash.

use super::Token;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{Ref, TokenId, WorkspaceId},
    name::Name,
    time::Millis,
};

declare_api_endpoint! {
    /// Make an API token
    CreateToken: POST "/api/v1/tokens" {
        auth: User,
        path: {},
        request_headers: Once,
        request: Json<Body>,
        response: Created<NewToken>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Unique among the caller's tokens.
    pub name: Name,
    /// The only workspace that it opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Ref<WorkspaceId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
}

/// A token with its secret.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct NewToken {
    #[serde(flatten)]
    pub token: Token,
    /// Begins with `patr_t_`. Not shown again.
    pub secret: String,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "you already have a token named `{name}`",
            hint "choose another name, or revoke the old one";
        /// Answers a repeated `Idempotency-Key`: the secret was shown once, and only its hash is stored.
        AlreadyMade { id: TokenId, name: Name } = 409 "already_made",
            "this request has already made the token `{name}` ({id}); its secret was in the first answer and is not stored",
            hint "if that answer is lost, `patr token revoke {name}` and make it again with a new `Idempotency-Key`";
        AlreadyExpired { at: Millis } = 422 "already_expired", "expires_at: {at} is in the past";
        /// A token may not make one that can do more than itself.
        Wider = 403 "wider_than_caller", "a token cannot make one that opens more workspaces or is good for longer than itself",
            hint "log in with a password to make it, or ask for less in `workspace` and `expires_at`";
    }
}
