//! A field is spelled differently from the parameter of the path.

use patr_models::{endpoint::body::NoContent, ids::{Ref, RunnerId, WorkspaceId}};

patr_models::declare_api_endpoint! {
    /// Delete a runner
    DeleteRunner: DELETE "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member(RunnerDelete),
        path: { workspace: Ref<WorkspaceId>, runer: Ref<RunnerId> },
        response: NoContent,
    }
}

fn main() {}
