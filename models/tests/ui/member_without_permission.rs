//! Allowed to do what?

use patr_models::{endpoint::body::NoContent, ids::{Ref, RunnerId, WorkspaceId}};

patr_models::declare_api_endpoint! {
    /// Delete a runner
    DeleteRunner: DELETE "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member,
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        response: NoContent,
    }
}

fn main() {}
