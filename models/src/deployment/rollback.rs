//! `POST /api/v1/workspaces/{workspace}/deployments/{deployment}/rollback`
//!
//! Make an earlier release current again, by the digest that it ran with.

use super::{Deployment, ReleaseNumber};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Make an earlier release current again
    RollBackDeployment: POST "/api/v1/workspaces/{workspace}/deployments/{deployment}/rollback" {
        auth: Member(DeploymentEdit),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        request: Json<Body>,
        response_headers: Tagged,
        response: Json<Deployment>,
        errors: Error,
    }
}

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The newest earlier release that was live, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseNumber>,
}

api_errors! {
    pub enum Error {
        NoSuchRelease { release: ReleaseNumber } = 422 "no_such_release", "release: there is no release {release}",
            hint "`patr deployment releases` lists them";
        NothingToRollBackTo = 422 "nothing_to_roll_back_to", "no earlier release was ever live";
        SecretGone { secret: String } = 422 "secret_gone", "the release used {secret}, which was deleted",
            hint "deploy again with a secret that exists";
        VolumeGone { volume: String } = 422 "volume_gone", "the release used the volume `{volume}`, which was deleted";
        ScaleInvalid { field: String, problem: String } = 422 "scale_invalid", "{field}: {problem}",
            hint "scale it first";
        HostTaken { host: String } = 409 "host_taken", "its automatic host `{host}` is already in use";
    }
}
