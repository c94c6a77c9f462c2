//! `DELETE /api/v1/oauth/authorizations/{authorization}`
//!
//! Let a client do nothing more. Its tokens are refused from now on.

use crate::{declare_api_endpoint, endpoint::body::NoContent, ids::AuthorizationId};

declare_api_endpoint! {
    /// Let an OAuth client do nothing more
    RevokeAuthorization: DELETE "/api/v1/oauth/authorizations/{authorization}" {
        auth: User,
        path: { authorization: AuthorizationId },
        response: NoContent,
    }
}
