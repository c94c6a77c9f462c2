//! `PUT /api/v1/workspaces/{workspace}/deployments/{deployment}`
//!
//! Change what a deployment runs, and where: a new release, unless only its runners or its scale differ. A tag is taken to
//! differ, unless the runners do. With `If-Match` only when nobody changed it meanwhile.

use super::{Autoscale, Deployment, Placement, WorkloadSpec};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Change what a deployment runs
    UpdateDeployment: PUT "/api/v1/workspaces/{workspace}/deployments/{deployment}" {
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
    pub spec: WorkloadSpec,
    /// Where it runs; unchanged when absent. One that is taken off the list serves until another one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runners: Option<Vec<Placement>>,
    /// Unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Unchanged when absent; [`scale`](super::scale) takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
}

api_errors! {
    pub enum Error {
        RunnerNotFound { runner: String } = 422 "runner_not_found", "runners: there is no runner `{runner}` in this workspace",
            hint "`patr runner list` shows the runners; `patr runner add` adds one";
        RunnersInvalid { problem: String } = 422 "runners_invalid", "runners: {problem}";
        SpecInvalid { field: String, problem: String } = 422 "spec_invalid", "{field}: {problem}";
        TooManyReplicas { max: u32 } = 422 "too_many_replicas", "replicas: at most {max} are possible";
        SecretNotFound { secret: String } = 422 "secret_not_found", "spec.secrets: there is no {secret}",
            hint "`patr secret set` makes one; `patr secret list` shows them";
        VolumeElsewhere { volume: Name, runner: String } = 422 "volume_elsewhere", "spec.volumes: the volume `{volume}` is on the runner `{runner}`",
            hint "deploy there, or copy it: `patr volume copy`";
        HostTaken { host: String } = 409 "host_taken", "its automatic host `{host}` is already in use";
    }
}
