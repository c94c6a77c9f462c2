//! The path has a parameter that nothing takes.

use patr_models::{endpoint::body::NoContent, ids::{Ref, WorkspaceId}};

patr_models::declare_api_endpoint! {
    /// Delete a runner
    DeleteRunner: DELETE "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member(RunnerDelete),
        path: { workspace: Ref<WorkspaceId> },
        response: NoContent,
    }
}

fn main() {}
