//! `GET /api/v1/workspaces/{workspace}/urls/{url}`
//!
//! One managed URL.

use super::ManagedUrl;
use crate::{
    declare_api_endpoint,
    endpoint::{body::Json, headers::Tagged},
    ids::{ManagedUrlId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a managed URL
    GetUrl: GET "/api/v1/workspaces/{workspace}/urls/{url}" {
        auth: Member(UrlView),
        path: { workspace: Ref<WorkspaceId>, url: ManagedUrlId },
        response_headers: Tagged,
        response: Json<ManagedUrl>,
    }
}
