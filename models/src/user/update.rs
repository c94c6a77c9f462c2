//! `PATCH /api/v1/me`

use super::{PersonName, User};
use crate::{declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Change what you are called
    UpdateProfile: PATCH "/api/v1/me" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: Json<User>,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: PersonName,
}
