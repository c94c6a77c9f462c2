//! `DELETE /api/v1/me/totp`

use crate::{api_errors, declare_api_endpoint, endpoint::body::NoContent};

declare_api_endpoint! {
    /// Ask no authenticator app any more
    RemoveTotp: DELETE "/api/v1/me/totp" {
        auth: User,
        path: {},
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        NotOn = 409 "totp_not_on", "no authenticator app is asked";
    }
}
