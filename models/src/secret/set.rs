//! `PUT /api/v1/workspaces/{workspace}/secrets/{secret}`
//!
//! Set a secret: the first version, or the next one. What runs goes on with the version that it was deployed with.

use super::{Secret, SecretValue};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Set a secret
    SetSecret: PUT "/api/v1/workspaces/{workspace}/secrets/{secret}" {
        auth: Member(SecretEdit),
        path: { workspace: Ref<WorkspaceId>, secret: Name },
        request: Json<Body>,
        response: Json<Secret>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub value: SecretValue,
}

api_errors! {
    pub enum Error {
        ValueInvalid { problem: String } = 422 "value_invalid", "value: {problem}";
        TooManySecrets { max: usize } = 422 "too_many_secrets", "a workspace has at most {max} secrets";
    }
}
