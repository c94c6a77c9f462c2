//! `POST /internal/v1/runners/{runner}/record`
//!
//! Asked by a RunnerSession of `worker`: keep these facts in D1. Safe to repeat: only the first word on a
//! release counts.

use super::Facts;
use crate::{
    declare_api_endpoint,
    endpoint::body::{Json, NoContent},
    ids::RunnerId,
};

declare_api_endpoint! {
    /// Keep what a runner reported
    RecordFacts: POST "/internal/v1/runners/{runner}/record" {
        auth: Internal,
        path: { runner: RunnerId },
        request: Json<Facts>,
        response: NoContent,
    }
}
