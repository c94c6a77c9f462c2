//! `GET /api/v1/workspaces/{workspace}/urls`
//!
//! The managed URLs of a workspace; `name` filters by host.

use super::ManagedUrl;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List managed URLs
    ListUrls: GET "/api/v1/workspaces/{workspace}/urls" {
        auth: Member(UrlView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<ManagedUrl>>,
    }
}
