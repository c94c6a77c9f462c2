//! `patr deployment show`.

use patr_models::{
    deployment::{
        Deployment, Status,
        get::{GetDeployment, Path},
    },
    ids::{DeploymentId, Ref},
    page::Page,
};

use super::fields::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show a deployment; the last lines of a failed one go to people.
pub(super) async fn show(deployment: Ref<DeploymentId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let deployment = ctx.client.call(plain::<GetDeployment>(path)).await?.body.0;
    ctx.printer.item(&deployment, &fields(&deployment))?;
    if !ctx.printer.is_json() {
        replicas(&deployment, ctx)?;
    }
    if let Status::Failed { failure, .. } = &deployment.status
        && !failure.logs.is_empty()
    {
        ctx.printer.note(&format!("\nthe last lines that it wrote:\n  {}", failure.logs.join("\n  ")));
    }
    Ok(Exit::Ok)
}

/// What its runner saw last: `patr exec` and `patr logs` take these ids.
fn replicas(deployment: &Deployment, ctx: &Context) -> Outcome<()> {
    if deployment.seen.is_empty() {
        return Ok(());
    }
    ctx.printer.raw("\n")?;
    let page = Page { items: deployment.seen.clone(), next: None };
    ctx.printer.list(&page, ["REPLICA", "RELEASE", "READY", "RESTARTS"], |replica| {
        [
            replica.id.clone(),
            replica.release.to_string(),
            if replica.ready { "yes" } else { "no" }.to_owned(),
            replica.restarts.to_string(),
        ]
    })
}
