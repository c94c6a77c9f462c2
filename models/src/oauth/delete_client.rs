//! `DELETE /api/v1/oauth/clients/{client}`
//!
//! Delete a client. Whatever it was let do ends at once, for everybody.

use crate::{
    declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{ClientId, Ref},
};

declare_api_endpoint! {
    /// Delete an OAuth client
    DeleteClient: DELETE "/api/v1/oauth/clients/{client}" {
        auth: User,
        path: { client: Ref<ClientId> },
        response: NoContent,
    }
}
