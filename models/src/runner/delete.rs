//! `DELETE /api/v1/workspaces/{workspace}/runners/{runner}`
//!
//! Remove a runner that has neither deployments nor volumes. Its token is refused from now on.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, RunnerId, WorkspaceId},
};

declare_api_endpoint! {
    /// Remove a runner without deployments and volumes
    DeleteRunner: DELETE "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member(RunnerDelete),
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        HasDeployments { count: u64 } = 409 "runner_has_deployments", "{count} deployments still run here",
            hint "delete them first: `patr deployment list` shows them";
        HasVolumes { count: u64 } = 409 "runner_has_volumes", "{count} volumes are still here, with all that is in them",
            hint "delete them first: `patr volume list` shows them";
    }
}
