//! `DELETE /api/v1/me/sessions/{session}`

use crate::{declare_api_endpoint, endpoint::body::NoContent, ids::SessionId};

declare_api_endpoint! {
    /// End one of your logins
    EndSession: DELETE "/api/v1/me/sessions/{session}" {
        auth: User,
        path: { session: SessionId },
        response: NoContent,
    }
}
