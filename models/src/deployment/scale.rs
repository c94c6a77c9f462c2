//! `POST /api/v1/workspaces/{workspace}/deployments/{deployment}/scale`
//!
//! Change the number of replicas. Those that stay are not touched.

use super::{Autoscale, Deployment};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Change the number of replicas
    ScaleDeployment: POST "/api/v1/workspaces/{workspace}/deployments/{deployment}/scale" {
        auth: Member(DeploymentEdit),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        request: Json<Body>,
        response_headers: Tagged,
        response: Json<Deployment>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub replicas: u32,
    /// The runner chooses between `replicas` and this; a fixed number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
}

api_errors! {
    pub enum Error {
        TooManyReplicas { max: u32 } = 422 "too_many_replicas", "replicas: at most {max} are possible";
        ScaleInvalid { field: String, problem: String } = 422 "scale_invalid", "{field}: {problem}";
    }
}
