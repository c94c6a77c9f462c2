//! `GET /api/v1/workspaces/{workspace}/volumes/{volume}/snapshots`
//!
//! The snapshots of a volume, newest first.

use super::VolumeSnapshot;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, VolumeId, WorkspaceId},
    page::{ListQuery, Page},
};

declare_api_endpoint! {
    /// List the snapshots of a volume, newest first
    ListSnapshots: GET "/api/v1/workspaces/{workspace}/volumes/{volume}/snapshots" {
        auth: Member(VolumeView),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        query: ListQuery,
        response: Json<Page<VolumeSnapshot>>,
    }
}
