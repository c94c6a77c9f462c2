//! `GET /api/v1/me/sessions`

use super::LogIn;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List your logins
    ListSessions: GET "/api/v1/me/sessions" {
        auth: User,
        path: {},
        query: ListQuery,
        response: Json<Page<LogIn>>,
    }
}
