//! `DELETE /api/v1/me/passkeys/{passkey}`

use crate::{declare_api_endpoint, endpoint::body::NoContent, ids::PasskeyId};

declare_api_endpoint! {
    /// Remove a passkey
    RemovePasskey: DELETE "/api/v1/me/passkeys/{passkey}" {
        auth: User,
        path: { passkey: PasskeyId },
        response: NoContent,
    }
}
