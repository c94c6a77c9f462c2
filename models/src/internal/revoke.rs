//! `POST /session/v1/revoke`
//!
//! Asked by `worker` of a RunnerSession or RunnerTunnel: end the connection, because the token that opened it is
//! no longer good.

use crate::{declare_api_endpoint, endpoint::body::NoContent};

declare_api_endpoint! {
    /// End the connection: its token is no longer good
    Revoke: POST "/session/v1/revoke" {
        auth: Internal,
        path: {},
        response: NoContent,
    }
}
