//! `patr deployment stop`.

use patr_models::{
    deployment::stop::{Path, StopDeployment},
    endpoint::body::NoBody,
    ids::{DeploymentId, Ref},
};

use crate::{client::changing, context::Context, exit_code::Exit, failure::Outcome};

/// Stop a deployment and keep its configuration. Nothing is rolled out, so nothing is waited for.
pub(super) async fn stop(deployment: Ref<DeploymentId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let changed = ctx.client.call(changing::<StopDeployment>(path, NoBody)).await?.body.0;
    ctx.printer.note(&format!("`{}` stops", changed.name));
    ctx.printer.answer(&changed, None)?;
    Ok(Exit::Ok)
}
