//! `GET /api/v1/workspaces/{workspace}/runners`
//!
//! The runners of a workspace, with their connection as of now.

use super::Runner;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List runners
    ListRunners: GET "/api/v1/workspaces/{workspace}/runners" {
        auth: Member(RunnerView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Runner>>,
    }
}
