//! `POST /api/v1/workspaces/{workspace}/deployments`
//!
//! Make a deployment with its first release; its runners start it as soon as they hear.

use super::{Autoscale, Deployment, Placement, WorkloadSpec};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::{Once, Tagged},
    },
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Make a deployment
    CreateDeployment: POST "/api/v1/workspaces/{workspace}/deployments" {
        auth: Member(DeploymentCreate),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response_headers: Tagged,
        response: Created<Deployment>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: Name,
    /// Where it runs: 1 to 8 runners.
    pub runners: Vec<Placement>,
    pub spec: WorkloadSpec,
    /// On each runner; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// The runner chooses between `replicas` and this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a deployment named `{name}` already exists in this workspace",
            hint "update it, or choose another name";
        RunnerNotFound { runner: String } = 422 "runner_not_found", "runners: there is no runner `{runner}` in this workspace",
            hint "`patr runner list` shows the runners; `patr runner add` adds one";
        RunnersInvalid { problem: String } = 422 "runners_invalid", "runners: {problem}";
        SpecInvalid { field: String, problem: String } = 422 "spec_invalid", "{field}: {problem}";
        TooManyReplicas { max: u32 } = 422 "too_many_replicas", "replicas: at most {max} are possible";
        SecretNotFound { secret: String } = 422 "secret_not_found", "spec.secrets: there is no {secret}",
            hint "`patr secret set` makes one; `patr secret list` shows them";
        VolumeElsewhere { volume: Name, runner: String } = 422 "volume_elsewhere", "spec.volumes: the volume `{volume}` is on the runner `{runner}`",
            hint "deploy there, or copy it: `patr volume copy`";
        HostTaken { host: String } = 409 "host_taken", "its automatic host `{host}` is already in use",
            hint "choose another name";
    }
}
