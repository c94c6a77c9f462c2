//! `GET /api/v1/me/second-factors`

use super::SecondFactors;
use crate::{declare_api_endpoint, endpoint::body::Json};

declare_api_endpoint! {
    /// Show your second factors
    GetSecondFactors: GET "/api/v1/me/second-factors" {
        auth: User,
        path: {},
        response: Json<SecondFactors>,
    }
}
