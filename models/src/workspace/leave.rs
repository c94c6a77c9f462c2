//! `DELETE /api/v1/workspaces/{workspace}/membership`
//!
//! Leave a workspace. Everybody may, whatever their roles; but not by an API token, which is not made for that.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Leave a workspace
    LeaveWorkspace: DELETE "/api/v1/workspaces/{workspace}/membership" {
        auth: User,
        path: { workspace: Ref<WorkspaceId> },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        LoginNeeded = 403 "login_needed", "an API token cannot leave a workspace for you",
            hint "log in and leave it yourself";
        LastOwner = 409 "last_owner", "a workspace needs an owner, and you are the only one",
            hint "make somebody else an owner first, or delete the workspace";
    }
}
