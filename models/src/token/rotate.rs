//! `POST /api/v1/tokens/{token}/rotate`
//!
//! Replace the secret of an API token. The one before it is good for `overlap_s` more seconds, so that programs can be
//! told one after the other; the one before that is refused from now on.

use super::NewToken;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, TokenId},
};

declare_api_endpoint! {
    /// Replace the secret of an API token
    RotateToken: POST "/api/v1/tokens/{token}/rotate" {
        auth: User,
        path: { token: Ref<TokenId> },
        request: Json<Body>,
        response: Json<NewToken>,
        errors: Error,
    }
}

#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// How long the old secret stays good; not at all when absent.
    #[serde(default)]
    pub overlap_s: u32,
}

api_errors! {
    pub enum Error {
        OverlapTooLong { max: u32 } = 422 "overlap_too_long", "overlap_s: use at most {max} seconds";
    }
}
