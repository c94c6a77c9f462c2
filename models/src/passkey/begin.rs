//! `POST /api/v1/me/passkeys/options`
//!
//! What a browser is asked to make a passkey with.

use super::CreationOptions;
use crate::{declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Begin to add a passkey
    BeginPasskey: POST "/api/v1/me/passkeys/options" {
        auth: User,
        path: {},
        response: Json<CreationOptions>,
    }
}
