//! `GET /api/v1/tokens/{token}`
//!
//! One of the caller's API tokens, without its secret.

use super::Token;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, TokenId},
};

declare_api_endpoint! {
    /// Show an API token
    GetToken: GET "/api/v1/tokens/{token}" {
        auth: User,
        path: { token: Ref<TokenId> },
        response: Json<Token>,
    }
}
