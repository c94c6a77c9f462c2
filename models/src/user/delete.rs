//! `DELETE /api/v1/me`
//!
//! Delete the account with its logins, tokens and memberships. What it made in workspaces stays there.

use crate::{api_errors, declare_api_endpoint, endpoint::body::NoContent, name::WorkspaceName};

declare_api_endpoint! {
    /// Delete your account
    DeleteAccount: DELETE "/api/v1/me" {
        auth: User,
        path: {},
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        SoleOwner { workspace: WorkspaceName } = 409 "sole_owner",
            "you are the only owner of the workspace `{workspace}`",
            hint "make somebody else an owner, or delete the workspace";
    }
}
