//! `POST /api/v1/workspaces/{workspace}/deployments/{deployment}/cancel`
//!
//! Call off the rollout that is on its way: the newest earlier release that was live is current again. It serves still, so
//! nothing restarts.

use super::Deployment;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{DeploymentId, Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Call off a rollout
    CancelRollout: POST "/api/v1/workspaces/{workspace}/deployments/{deployment}/cancel" {
        auth: Member(DeploymentEdit),
        path: { workspace: Ref<WorkspaceId>, deployment: Ref<DeploymentId> },
        request_headers: IfMatch,
        response_headers: Tagged,
        response: Json<Deployment>,
        errors: Error,
    }
}

api_errors! {
    pub enum Error {
        NoRollout = 422 "no_rollout", "no rollout is on its way: the current release has ended its own";
        NothingToGoBackTo = 422 "nothing_to_go_back_to", "no earlier release was ever live",
            hint "`patr deployment stop` runs none";
        SecretGone { secret: String } = 422 "secret_gone", "the release before used {secret}, which was deleted",
            hint "deploy again with a secret that exists";
        VolumeGone { volume: String } = 422 "volume_gone", "the release before used the volume `{volume}`, which was deleted";
        ScaleInvalid { field: String, problem: String } = 422 "scale_invalid", "{field}: {problem}",
            hint "scale it first";
        HostTaken { host: String } = 409 "host_taken", "its automatic host `{host}` is already in use";
    }
}
