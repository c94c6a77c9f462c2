//! `POST /api/v1/me/password`
//!
//! Choose another password. Every other login ends.

use crate::{
    declare_api_endpoint,
    endpoint::body::{Json, NoContent},
    name::Password,
};

declare_api_endpoint! {
    /// Change your password, and end your other logins
    ChangePassword: POST "/api/v1/me/password" {
        auth: User,
        path: {},
        request: Json<Body>,
        response: NoContent,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub password: Password,
}
