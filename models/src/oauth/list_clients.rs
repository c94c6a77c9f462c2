//! `GET /api/v1/oauth/clients`
//!
//! The clients that the caller has registered.

use super::Client;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List your OAuth clients
    ListClients: GET "/api/v1/oauth/clients" {
        auth: User,
        path: {},
        query: ListQuery,
        response: Json<Page<Client>>,
    }
}
