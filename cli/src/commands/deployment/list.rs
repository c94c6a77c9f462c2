//! `patr deployment list`.

use patr_models::deployment::{
    Placed,
    list::{ListDeployments, Path},
};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, status, text};

/// Letters of a status; `patr deployment show` has all of it.
const STATUS_MAX: usize = 60;

fn names(runners: &[Placed]) -> String {
    runners.iter().map(|placed| placed.name.as_str()).collect::<Vec<_>>().join(",")
}

/// List deployments.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListDeployments, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "STATUS", "IMAGE", "RELEASE", "RUNNER", "URL"], |deployment| {
        [
            deployment.name.to_string(),
            text::shortened(&status::words(&deployment.status), STATUS_MAX),
            deployment.spec.image.to_string(),
            deployment.release.to_string(),
            names(&deployment.runners),
            text::or_dash(deployment.url.as_ref()),
        ]
    })?;
    ctx.printer.first_step(&page, args, "`patr deploy IMAGE --name NAME` makes one");
    Ok(Exit::Ok)
}
