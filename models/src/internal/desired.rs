//! `GET /internal/v1/runners/{runner}/desired`
//!
//! Asked by a RunnerSession of `worker`: what should run there.

use crate::{declare_api_endpoint, endpoint::body::Json, ids::RunnerId, wire::Snapshot};

declare_api_endpoint! {
    /// What should run on a runner
    GetDesired: GET "/internal/v1/runners/{runner}/desired" {
        auth: Internal,
        path: { runner: RunnerId },
        response: Json<Snapshot>,
    }
}
