//! `patr deployment releases`.

use patr_models::{
    deployment::{
        Outcome as End,
        releases::{ListReleases, Path},
    },
    ids::{DeploymentId, Ref},
};

use crate::{args::PageArgs, client, context::Context, exit_code::Exit, failure::Outcome, status, text};

/// List the releases of a deployment, newest first.
pub(super) async fn releases(deployment: Ref<DeploymentId>, args: &PageArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, deployment };
    let page = client::list::<ListReleases, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["RELEASE", "CURRENT", "IMAGE", "CREATED", "BY", "OUTCOME"], |release| {
        [
            release.number.to_string(),
            if release.current { "yes" } else { "" }.to_owned(),
            release.spec.image.to_string(),
            text::time(release.created_at),
            release.created_by_email.clone().unwrap_or_else(|| release.created_by.to_string()),
            outcome(&release.outcome),
        ]
    })?;
    Ok(Exit::Ok)
}

fn outcome(outcome: &End) -> String {
    match outcome {
        End::Pending => "on its way".to_owned(),
        End::Live { at } => format!("live {}", text::time(*at)),
        End::Failed { at, failure } => format!("failed {}: {}", text::time(*at), status::why(failure)),
        End::Cancelled { at } => format!("cancelled {}", text::time(*at)),
        End::Superseded { at } => format!("superseded {}", text::time(*at)),
    }
}
