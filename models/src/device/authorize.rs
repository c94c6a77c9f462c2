//! `POST /api/v1/device-authorizations`
//!
//! Begin to log a device in. It shows the user code, opens the address, and then asks for its session.

use super::UserCode;
use crate::{
    declare_api_endpoint,
    endpoint::body::{Created, Json},
};

declare_api_endpoint! {
    /// Begin to log a device in from a browser
    AuthorizeDevice: POST "/api/v1/device-authorizations" {
        auth: NoAuth,
        path: {},
        request: Json<Body>,
        response: Created<DeviceAuthorization>,
    }
}

/// Longest name of a device, in characters.
pub const DEVICE_MAX: usize = 64;

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// What the device calls itself, such as the name of its host; shown to the person who approves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// As in RFC 8628, 3.2.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct DeviceAuthorization {
    /// What the device asks with. It is nobody else's business.
    pub device_code: String,
    /// What the person compares.
    pub user_code: UserCode,
    /// Where the person types it.
    pub verification_uri: String,
    /// The same, with the code in it.
    pub verification_uri_complete: String,
    /// How long both codes are good, in seconds.
    pub expires_in: u32,
    /// How long to wait between two questions, in seconds.
    pub interval: u32,
}
