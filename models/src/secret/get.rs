//! `GET /api/v1/workspaces/{workspace}/secrets/{secret}`
//!
//! One secret, without its value.

use super::Secret;
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Show a secret, without its value
    GetSecret: GET "/api/v1/workspaces/{workspace}/secrets/{secret}" {
        auth: Member(SecretView),
        path: { workspace: Ref<WorkspaceId>, secret: Name },
        response: Json<Secret>,
    }
}
