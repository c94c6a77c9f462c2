//! `GET /api/v1/workspaces`
//!
//! The workspaces that the caller is a member of.

use super::Workspace;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List your workspaces
    ListWorkspaces: GET "/api/v1/workspaces" {
        auth: User,
        path: {},
        query: ListQuery,
        response: Json<Page<Workspace>>,
    }
}
