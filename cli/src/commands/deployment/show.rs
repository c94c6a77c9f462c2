//! `patr deployment show`.

use patr_models::{
    deployment::{
        Deployment, Placed, Status,
        get::{GetDeployment, Path},
    },
    ids::{DeploymentId, Ref},
    page::Page,
    wire::ObservedReplica,
};

use super::fields::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, status};

/// Show a deployment; the last lines of a failed one go to people.
pub(super) async fn show(deployment: Ref<DeploymentId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let deployment = ctx.client.call(plain::<GetDeployment>(path)).await?.body.0;
    ctx.printer.item(&deployment, &fields(&deployment))?;
    if !ctx.printer.is_json() {
        runners(&deployment, ctx)?;
        replicas(&deployment, ctx)?;
    }
    if let Status::Failed { failure, .. } = &deployment.status
        && !failure.logs.is_empty()
    {
        ctx.printer.note(&format!("\nthe last lines that it wrote:\n  {}", failure.logs.join("\n  ")));
    }
    Ok(Exit::Ok)
}

/// What each of several runners does.
fn runners(deployment: &Deployment, ctx: &Context) -> Outcome<()> {
    if deployment.runners.len() == 1 {
        return Ok(());
    }
    ctx.printer.raw("\n")?;
    let page = Page { items: deployment.runners.clone(), next: None };
    ctx.printer.list(&page, ["RUNNER", "PART", "STATUS"], |placed| {
        [placed.name.to_string(), part(placed), status::words(&placed.status)]
    })
}

fn part(placed: &Placed) -> String {
    match placed {
        Placed { leaving: true, .. } => "leaving".to_owned(),
        Placed { weight: 0, .. } => "standby".to_owned(),
        Placed { weight, .. } => weight.to_string(),
    }
}

/// What its runners saw last: `patr exec` and `patr logs` take these ids.
fn replicas(deployment: &Deployment, ctx: &Context) -> Outcome<()> {
    let seen =
        deployment.runners.iter().flat_map(|placed| placed.seen.iter().map(|seen| (&placed.name, seen)));
    let seen: Vec<_> = seen.collect();
    if seen.is_empty() {
        return Ok(());
    }
    ctx.printer.raw("\n")?;
    let page = Page { items: seen, next: None };
    let yes_or_no = |yes| if yes { "yes" } else { "no" }.to_owned();
    let row = |replica: &ObservedReplica| {
        [
            replica.id.clone(),
            replica.release.to_string(),
            yes_or_no(replica.ready),
            replica.restarts.to_string(),
        ]
    };
    if deployment.runners.len() == 1 {
        return ctx
            .printer
            .list(&page, ["REPLICA", "RELEASE", "READY", "RESTARTS"], |(_, replica)| row(replica));
    }
    ctx.printer.list(&page, ["REPLICA", "RELEASE", "READY", "RESTARTS", "RUNNER"], |(runner, replica)| {
        let [id, release, ready, restarts] = row(replica);
        [id, release, ready, restarts, runner.to_string()]
    })
}
