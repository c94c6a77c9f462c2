//! `DELETE /api/v1/tokens/{token}`
//!
//! Revoke an API token. The next request that uses it is refused.

use crate::{
    declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, TokenId},
};

declare_api_endpoint! {
    /// Revoke an API token
    RevokeToken: DELETE "/api/v1/tokens/{token}" {
        auth: User,
        path: { token: Ref<TokenId> },
        response: NoContent,
    }
}
