//! `GET /api/v1/info`
//!
//! Version and names of this installation.

use crate::{declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Version and names of this installation
    GetInfo: GET "/api/v1/info" {
        auth: NoAuth,
        path: {},
        response: Json<Info>,
    }
}

/// An installation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Info {
    pub version: String,
    /// Managed URLs are one label under this, such as `localhost:8787`.
    pub apps_domain: String,
    /// `https`, or `http` on the local edge.
    pub apps_scheme: String,
    /// Whether anyone may sign up without the bootstrap secret.
    pub sign_up_open: bool,
}
