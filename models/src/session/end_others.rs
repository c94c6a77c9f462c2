//! `DELETE /api/v1/me/sessions`

use crate::{declare_api_endpoint, endpoint::body::NoContent};

declare_api_endpoint! {
    /// End all of your logins but this one
    EndOtherSessions: DELETE "/api/v1/me/sessions" {
        auth: User,
        path: {},
        response: NoContent,
    }
}
