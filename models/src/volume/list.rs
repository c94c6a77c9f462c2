//! `GET /api/v1/workspaces/{workspace}/volumes`
//!
//! The volumes of a workspace.

use super::Volume;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List volumes
    ListVolumes: GET "/api/v1/workspaces/{workspace}/volumes" {
        auth: Member(VolumeView),
        path: { workspace: Ref<WorkspaceId> },
        query: ListQuery,
        response: Json<Page<Volume>>,
    }
}
