//! There is no default.

patr_models::declare_api_endpoint! {
    /// Delete a runner
    DeleteRunner: DELETE "/api/v1/workspaces/{workspace}/runners/{runner}" {
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        response: NoContent,
    }
}

fn main() {}
