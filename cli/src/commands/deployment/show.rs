//! `patr deployment show`.

use patr_models::{
    deployment::{
        Status,
        get::{GetDeployment, Path},
    },
    ids::{DeploymentId, Ref},
};

use super::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show a deployment; the last lines of a failed one go to people.
pub(super) async fn show(deployment: Ref<DeploymentId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let deployment = ctx.client.call(plain::<GetDeployment>(path)).await?.body.0;
    ctx.printer.item(&deployment, &fields(&deployment))?;
    if let Status::Failed { failure, .. } = &deployment.status
        && !failure.logs.is_empty()
    {
        ctx.printer.note(&format!("\nthe last lines that it wrote:\n  {}", failure.logs.join("\n  ")));
    }
    Ok(Exit::Ok)
}
