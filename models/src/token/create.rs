//! `POST /api/v1/tokens`
//!
//! Make an API token. Its secret is answered this once and stored only as a hash.

use super::NewToken;
use crate::{
    api_errors,
    auth::{Grant, Permission},
    declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{Ref, TokenId, WorkspaceId},
    managed_url::Network,
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
    /// What it opens; every workspace of the caller when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<Vec<Opening>>,
    /// Networks that it may be used from; everywhere when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// When it becomes good; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
}

impl Body {
    /// A token that may what its maker may, from everywhere, until it is revoked.
    pub fn named(name: Name) -> Self {
        Self { name, workspaces: None, networks: Vec::new(), not_before: None, expires_at: None }
    }
}

/// A workspace that a token is to open.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub workspace: Ref<WorkspaceId>,
    /// What it may there; whatever its maker may when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
}

impl Opening {
    /// Everything that its maker may in a workspace.
    pub fn of(workspace: Ref<WorkspaceId>) -> Self {
        Self { workspace, grants: None }
    }
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "you already have a token named `{name}`",
            hint "choose another name, or revoke the old one";
        /// Answers a repeated `Idempotency-Key`: the secret was shown once, and only its hash is stored.
        AlreadyMade { id: TokenId, name: Name } = 409 "already_made",
            "this request has already made the token `{name}` ({id}); its secret was in the first answer and is not stored",
            hint "if that answer is lost, `patr token rotate {name}` answers a new secret";
        AlreadyExpired { at: Millis } = 422 "already_expired", "expires_at: {at} is in the past";
        /// It would never be good.
        NeverGood = 422 "never_good", "not_before: it is not before `expires_at`";
        Unclear { problem: String } = 422 "token_invalid", "{problem}";
        /// Nobody gives away what is not theirs.
        MoreThanYouMay { workspace: String, permission: Permission } = 403 "more_than_you_may",
            "`{permission}` in `{workspace}` is more than you may",
            hint "`patr workspace permissions` shows what you may; leave the rest out";
        /// A token may not make one that can do more than itself.
        Wider { what: &'static str } = 403 "wider_than_caller", "{what}: a token cannot make one that opens more than itself, from more places or for longer",
            hint "log in to make it, or ask for less";
        NotByThis = 403 "not_with_this_token", "tokens are made by people and their API tokens, not by jobs and clients that act for them",
            hint "log in to make it";
    }
}
