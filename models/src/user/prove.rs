//! `POST /api/v1/me/proof`
//!
//! Show again who one is. For ten minutes the same login may then do what is dangerous.

use super::proof::Proof;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::{Json, NoContent},
};

declare_api_endpoint! {
    /// Show again who you are, before something dangerous
    Prove: POST "/api/v1/me/proof" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: NoContent,
        errors: Error,
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub proof: Proof,
}

api_errors! {
    pub enum Error {
        WrongProof = 422 "wrong_proof", "that does not show that it is you";
    }
}
