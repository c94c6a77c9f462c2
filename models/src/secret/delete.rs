//! `DELETE /api/v1/workspaces/{workspace}/secrets/{secret}`
//!
//! Delete every version of a secret. Earlier releases that used it cannot be made current again.

use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::NoContent,
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Delete a secret
    DeleteSecret: DELETE "/api/v1/workspaces/{workspace}/secrets/{secret}" {
        auth: Member(SecretDelete),
        path: { workspace: Ref<WorkspaceId>, secret: Name },
        response: NoContent,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        SecretInUse { deployment: Name } = 409 "secret_in_use", "the deployment `{deployment}` uses it",
            hint "deploy `{deployment}` without it first";
    }
}
