//! `POST /api/v1/workspaces/{workspace}/runners/{runner}/rotate-token`
//!
//! Replace a runner's token. The old one is refused from now on and its session ends; workloads run on.

use super::RunnerWithToken;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, RunnerId, WorkspaceId},
};

declare_api_endpoint! {
    /// Replace a runner's token
    RotateRunnerToken: POST "/api/v1/workspaces/{workspace}/runners/{runner}/rotate-token" {
        auth: Member(RunnerRotateToken),
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        response: Json<RunnerWithToken>,
    }
}
