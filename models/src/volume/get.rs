//! `GET /api/v1/workspaces/{workspace}/volumes/{volume}`
//!
//! One volume.

use super::Volume;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, VolumeId, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a volume
    GetVolume: GET "/api/v1/workspaces/{workspace}/volumes/{volume}" {
        auth: Member(VolumeView),
        path: { workspace: Ref<WorkspaceId>, volume: Ref<VolumeId> },
        response: Json<Volume>,
    }
}
