//! `DELETE /api/v1/workspaces/{workspace}/federations/{federation}`
//!
//! Trust no more. The tokens that were given out are refused from now on.

use crate::{
    declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{FederationId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Remove a federation, and end the tokens that it gave out
    DeleteFederation: DELETE "/api/v1/workspaces/{workspace}/federations/{federation}" {
        auth: Member(MemberRemove),
        path: { workspace: Ref<WorkspaceId>, federation: Ref<FederationId> },
        response: NoContent,
    }
}
