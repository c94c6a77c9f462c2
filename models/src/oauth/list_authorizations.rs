//! `GET /api/v1/oauth/authorizations`
//!
//! What the caller has let clients do.

use super::Authorization;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List what you have let OAuth clients do
    ListAuthorizations: GET "/api/v1/oauth/authorizations" {
        auth: User,
        path: {},
        query: ListQuery,
        response: Json<Page<Authorization>>,
    }
}
