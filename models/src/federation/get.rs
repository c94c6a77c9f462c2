//! `GET /api/v1/workspaces/{workspace}/federations/{federation}`

use super::Federation;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{FederationId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a federation
    GetFederation: GET "/api/v1/workspaces/{workspace}/federations/{federation}" {
        auth: Member(MemberView),
        path: { workspace: Ref<WorkspaceId>, federation: Ref<FederationId> },
        response: Json<Federation>,
    }
}
