//! The parts have one order.

patr_models::declare_api_endpoint! {
    /// Delete a runner
    DeleteRunner: DELETE "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member(RunnerDelete),
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        response: NoContent,
        request_headers: patr_models::endpoint::headers::Once,
    }
}

fn main() {}
