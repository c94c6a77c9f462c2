//! `POST /api/v1/oauth/clients`
//!
//! Register a program that is to act for people who let it. The secret of a confidential one is answered this once.

use super::{Client, RedirectUri};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::ClientId,
    name::Name,
};

declare_api_endpoint! {
    /// Register an OAuth client
    CreateClient: POST "/api/v1/oauth/clients" {
        auth: User,
        path: {},
        request_headers: Once,
        request: Json<Body>,
        response: Created<NewClient>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Unique among the caller's clients; shown to people who are asked.
    pub name: Name,
    /// Where a person may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether it runs where it can keep a secret: on a server, not on people's machines or in their browsers.
    #[serde(default)]
    pub confidential: bool,
}

/// A client with its secret, if it has one.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct NewClient {
    #[serde(flatten)]
    pub client: Client,
    /// Begins with `patr_k_`. Not shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "you already have a client named `{name}`",
            hint "choose another name, or delete the old one";
        /// Answers a repeated `Idempotency-Key`: the secret was shown once, and only its hash is stored.
        AlreadyMade { id: ClientId, name: Name } = 409 "already_made",
            "this request has already registered the client `{name}` ({id}); its secret was in the first answer and is not stored",
            hint "if that answer is lost, delete the client with `patr oauth client delete {name}` and register it again";
        Redirects { max: usize } = 422 "redirect_uris_invalid", "redirect_uris: give 1 to {max}";
        TooManyClients { max: usize } = 422 "too_many_clients", "a person has {max} clients at most";
    }
}
