//! `patr deployment delete`.

use patr_models::{
    deployment::delete::{DeleteDeployment, Path},
    endpoint::body::NoBody,
    ids::{DeploymentId, Ref},
};

use crate::{client::changing, context::Context, exit_code::Exit, failure::Outcome};

/// Delete a deployment, its releases and its automatic URL.
pub(super) async fn delete(deployment: Ref<DeploymentId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment: deployment.clone() };
    ctx.client.call(changing::<DeleteDeployment>(path, NoBody)).await?;
    ctx.printer.note(&format!("deleted the deployment `{deployment}`"));
    Ok(Exit::Ok)
}
