//! `POST /api/v1/log-out`
//!
//! End the session, or revoke the API token, that made this call.

use crate::{declare_api_endpoint, endpoint::body::NoContent};

declare_api_endpoint! {
    /// End the session or revoke the token that makes this call
    LogOut: POST "/api/v1/log-out" {
        auth: User,
        path: {},
        response: NoContent,
    }
}
