//! `POST /api/v1/me/email/verification`

use crate::{api_errors, declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Send a link that proves your address
    SendVerification: POST "/api/v1/me/email/verification" {
        auth: User,
        path: {},
        response: Json<Sent>,
        errors: Error,
    }
}

/// What has become of a mail.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Sent {
    /// Whether a link was sent. Where not, this installation sends no mail; a change of the address is made at once then.
    pub sent: bool,
}

api_errors! {
    pub enum Error {
        AlreadyVerified = 409 "already_verified", "this address is proved already";
        MailOff = 409 "mail_off", "this installation sends no mail",
            hint "whoever runs it can let it send some: see docs/accounts.md";
        TooManyMails = 429 "too_many_mails", "too many mails were sent about this",
            hint "look for the ones that were sent, also among what was taken for spam, or try again in an hour";
    }
}
