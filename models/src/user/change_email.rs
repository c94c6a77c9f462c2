//! `POST /api/v1/me/email`
//!
//! Ask for another address. It becomes the account's once a link that is sent to it was opened; the old one is told then.

use super::send_verification::Sent;
use crate::{api_errors, declare_api_endpoint, endpoint::body::Json, name::Email};

declare_api_endpoint! {
    /// Change your e-mail address
    ChangeEmail: POST "/api/v1/me/email" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: Json<Sent>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub email: Email,
}

api_errors! {
    pub enum Error {
        /// Only where no mail is sent: elsewhere whoever has the address is told by mail, and nobody else learns it.
        EmailTaken = 409 "email_taken", "there is already an account with this address";
        TooManyMails = 429 "too_many_mails", "too many mails were sent about this",
            hint "look for the ones that were sent, also among what was taken for spam, or try again in an hour";
    }
}
