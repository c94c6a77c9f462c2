//! `GET /api/v1/workspaces/{workspace}/runners/{runner}`
//!
//! One runner.

use super::Runner;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, RunnerId, WorkspaceId},
};

declare_api_endpoint! {
    /// Show a runner
    GetRunner: GET "/api/v1/workspaces/{workspace}/runners/{runner}" {
        auth: Member(RunnerView),
        path: { workspace: Ref<WorkspaceId>, runner: Ref<RunnerId> },
        response: Json<Runner>,
    }
}
