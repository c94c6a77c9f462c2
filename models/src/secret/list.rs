//! `GET /api/v1/workspaces/{workspace}/secrets`
//!
//! The secrets of a workspace, by name. Not their values: nobody can read those.

use super::Secret;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List secrets
    ListSecrets: GET "/api/v1/workspaces/{workspace}/secrets" {
        auth: Member(SecretView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Secret>>,
    }
}
