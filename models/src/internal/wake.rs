//! `POST /session/v1/wake`
//!
//! Asked by `worker` of a RunnerSession: look at what is desired again. A hint; losing it only delays.

use crate::{declare_api_endpoint, endpoint::body::NoContent};

declare_api_endpoint! {
    /// Look at what is desired again
    Wake: POST "/session/v1/wake" {
        auth: Internal,
        path: {},
        response: NoContent,
    }
}
