//! `GET /api/v1/workspaces/{workspace}/live`
//!
//! Hear what changes in a workspace, over a WebSocket: see [`crate::live`]. Only what the caller may view is told.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Upgraded,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Hear what changes in a workspace (WebSocket)
    FollowWorkspace: GET "/api/v1/workspaces/{workspace}/live" {
        auth: Member(WorkspaceView),
        path: { workspace: Ref<WorkspaceId> },
        response: Upgraded,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        NotUpgraded = 422 "not_upgraded", "this is a WebSocket: send `Upgrade: websocket`";
        TooManyListeners { max: usize } = 429 "too_many_listeners",
            "{max} connections are open already, and that is the limit",
            hint "close some, or read again from time to time instead";
        TooManyResources = 422 "too_many_resources",
            "roles or token name so many single resources that they cannot be kept with a connection",
            hint "read again from time to time instead, or have a role for all resources of a type";
    }
}
