//! `GET /api/v1/me`
//!
//! The account that the token belongs to.

use super::User;
use crate::{declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// The account that the token belongs to
    WhoAmI: GET "/api/v1/me" {
        auth: User,
        path: {},
        response: Json<User>,
    }
}
