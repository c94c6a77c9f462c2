//! `GET /api/v1/tokens`
//!
//! The caller's API tokens, without their secrets.

use super::Token;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List your API tokens
    ListTokens: GET "/api/v1/tokens" {
        auth: User,
        path: {},
        query: ListQuery,
        response: Json<Page<Token>>,
    }
}
