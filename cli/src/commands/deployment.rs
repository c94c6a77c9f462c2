//! `patr deployment`.

use patr_models::{
    deployment::{
        Deployment, Outcome as Ending, delete, get, list, releases, restart, rollback, scale, start, stop,
    },
    endpoint::{
        Call,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::{DeploymentId, Ref},
};

use crate::{
    args::{ListArgs, PageArgs, deployment::Deployment as Args},
    client::{self, changing, plain},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    rollout::{self, describe},
    text,
};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let workspace = ctx.workspace()?;
    match args {
        Args::List(args) => list(&args, ctx).await,
        Args::Show { name } => show(name, ctx).await,
        Args::Releases { name, page } => releases(name, &page, ctx).await,
        Args::Start { name, wait } => {
            let call =
                changing::<start::StartDeployment>(start::Path { workspace, deployment: name }, NoBody);
            rollout::follow(ctx.client.call(call).await?.body.0, &wait, ctx).await
        }
        Args::Stop { name } => {
            let call = changing::<stop::StopDeployment>(stop::Path { workspace, deployment: name }, NoBody);
            let deployment = ctx.client.call(call).await?.body.0;
            ctx.printer.answer(&deployment, None)?;
            ctx.printer.note(&format!("`{}` stops; its configuration stays", deployment.name));
            Ok(Exit::Ok)
        }
        Args::Restart { name, wait } => {
            let call =
                changing::<restart::RestartDeployment>(restart::Path { workspace, deployment: name }, NoBody);
            rollout::follow(ctx.client.call(call).await?.body.0, &wait, ctx).await
        }
        Args::Scale { name, replicas, wait } => {
            let body = Json(scale::Body { replicas });
            let call = changing::<scale::ScaleDeployment>(scale::Path { workspace, deployment: name }, body);
            rollout::follow(ctx.client.call(call).await?.body.0, &wait, ctx).await
        }
        Args::Rollback { name, release, wait } => {
            let body = Json(rollback::Body { release });
            let call = changing::<rollback::RollBackDeployment>(
                rollback::Path { workspace, deployment: name },
                body,
            );
            rollout::follow(ctx.client.call(call).await?.body.0, &wait, ctx).await
        }
        Args::Delete { name } => {
            let path = delete::Path { workspace, deployment: name.clone() };
            ctx.client.call(changing::<delete::DeleteDeployment>(path, NoBody)).await?;
            ctx.printer.note(&format!("deleted `{name}`; its runner removes the replicas"));
            Ok(Exit::Ok)
        }
    }
}

/// List deployments.
async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let workspace = ctx.workspace()?;
    let page = client::list::<list::ListDeployments, _>(&ctx.client, args.query(), args.most(), |query| {
        Call { path: list::Path { workspace: workspace.clone() }, query, headers: NoHeaders, body: NoBody }
    });
    ctx.printer.list(
        &page.await?,
        ["NAME", "STATUS", "RELEASE", "RUNNER", "IMAGE", "URL"],
        |deployment| {
            [
                deployment.name.to_string(),
                describe(&deployment.status),
                deployment.release.to_string(),
                deployment.runner_name.to_string(),
                deployment.spec.image.to_string(),
                text::or_dash(deployment.url.clone()),
            ]
        },
    )?;
    Ok(Exit::Ok)
}

/// Show a deployment.
async fn show(name: Ref<DeploymentId>, ctx: &Context) -> Outcome {
    let path = get::Path { workspace: ctx.workspace()?, deployment: name };
    let deployment = ctx.client.call(plain::<get::GetDeployment>(path)).await?.body.0;
    ctx.printer.item(&deployment, &fields(&deployment))?;
    Ok(Exit::Ok)
}

fn fields(deployment: &Deployment) -> Vec<(&'static str, String)> {
    let ports: Vec<String> = deployment.spec.ports.iter().map(|port| port.port.to_string()).collect();
    vec![
        ("name", deployment.name.to_string()),
        ("id", deployment.id.to_string()),
        ("status", describe(&deployment.status)),
        ("url", text::or_dash(deployment.url.clone())),
        ("image", deployment.spec.image.to_string()),
        ("digest", text::or_dash(deployment.digest.clone())),
        ("release", deployment.release.to_string()),
        ("replicas", deployment.replicas.to_string()),
        ("ports", ports.join(", ")),
        ("runner", deployment.runner_name.to_string()),
        ("changed", text::time(deployment.updated_at)),
    ]
}

/// List the releases of a deployment.
async fn releases(name: Ref<DeploymentId>, args: &PageArgs, ctx: &Context) -> Outcome {
    let workspace = ctx.workspace()?;
    let page =
        client::list::<releases::ListReleases, _>(&ctx.client, args.query(), args.most(), |query| Call {
            path: releases::Path { workspace: workspace.clone(), deployment: name.clone() },
            query,
            headers: NoHeaders,
            body: NoBody,
        });
    ctx.printer.list(&page.await?, ["RELEASE", "CURRENT", "IMAGE", "OUTCOME", "MADE"], |release| {
        let outcome = match &release.outcome {
            Ending::Pending => "pending".to_owned(),
            Ending::Live { at } => format!("live at {}", text::time(*at)),
            Ending::Failed { failure, .. } => format!("failed: {}", failure.message),
            Ending::Superseded { .. } => "superseded".to_owned(),
        };
        [
            release.number.to_string(),
            if release.current { "yes" } else { "" }.to_owned(),
            release.spec.image.to_string(),
            outcome,
            text::time(release.created_at),
        ]
    })?;
    Ok(Exit::Ok)
}
