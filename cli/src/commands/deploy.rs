//! `patr deploy`.

mod changes;
mod read;

use patr_models::{
    deployment::{
        Deployment, WorkloadSpec,
        create::{self, CreateDeployment},
        get::{self, GetDeployment},
        update::{self, UpdateDeployment},
    },
    endpoint::{
        Call, NoQuery, Reply,
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{Ref, WorkspaceId},
};

use self::changes::Changes;
use super::{deployment::autoscale, runner, suggest};
use crate::{
    args::deploy::Deploy,
    client::{CallError, creating, new_key, plain},
    context::Context,
    failure::{Failure, Outcome},
    rollout,
};

/// How often a change is put on top of what somebody else did at the same time.
const TRIES: usize = 5;

/// Make a deployment or change one, and watch it go live.
pub(super) async fn deploy(args: &Deploy, ctx: &Context) -> Outcome {
    let changes = Changes::new(args)?;
    let changed = apply(args, &changes, ctx).await?;
    if let Some(note) = one_writer(&changed.spec) {
        ctx.printer.note(&note);
    }
    rollout::follow(changed, &args.wait, ctx).await
}

/// Why old replicas stop before new ones start although nobody asked for that.
fn one_writer(spec: &WorkloadSpec) -> Option<String> {
    let mut mounts = spec.volumes.values();
    let mount = mounts.find(|mount| spec.strategy.is_none() && mount.is_exclusive())?;
    let volume = &mount.volume;
    Some(format!("the volume `{volume}` has one writer at a time: old replicas stop before new ones start"))
}

async fn apply(args: &Deploy, changes: &Changes<'_>, ctx: &Context) -> Outcome<Deployment> {
    let workspace = ctx.workspace()?;
    for _ in 0..TRIES {
        let path = get::Path { workspace: workspace.clone(), deployment: Ref::Name(args.name.clone()) };
        let result = match ctx.client.call(plain::<GetDeployment>(path)).await {
            Ok(found) => update(args, changes, found, &workspace, ctx).await?,
            Err(error) if error.is("not_found") => create(args, changes, &workspace, ctx).await?,
            Err(error) => return Err(error.into()),
        };
        match result {
            Ok(deployment) => return Ok(deployment),
            // Somebody else was faster; the flags apply to what they made just as well.
            Err(error) if error.is("stale") || error.is("name_taken") => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::failed(format!("`{}` is being changed by others all the time", args.name)).into())
}

async fn create(
    args: &Deploy,
    changes: &Changes<'_>,
    workspace: &Ref<WorkspaceId>,
    ctx: &Context,
) -> Outcome<Result<Deployment, CallError>> {
    let spec = changes.on_nothing()?;
    let autoscale =
        autoscale::given(args.size.max_replicas, &args.size.scaling, None, args.size.replicas.unwrap_or(1))?;
    let runner = runner::given_or_only(args.runner.as_ref(), ctx).await?;
    let body = create::Body {
        name: args.name.clone(),
        runner: runner.clone(),
        spec,
        replicas: args.size.replicas,
        autoscale,
    };
    let path = create::Path { workspace: workspace.clone() };
    match ctx.client.call(creating::<CreateDeployment, _>(path, body)).await {
        Ok(reply) => {
            let made = reply.body.0;
            ctx.printer.note(&format!("made `{}` on the runner `{}`", made.name, made.runner_name));
            Ok(Ok(made))
        }
        Err(error) if error.is("runner_not_found") => {
            suggest::nearest(Err(error.into()), Some(&runner), ctx).await
        }
        Err(error) => Ok(Err(error)),
    }
}

async fn update(
    args: &Deploy,
    changes: &Changes<'_>,
    found: Reply<GetDeployment>,
    workspace: &Ref<WorkspaceId>,
    ctx: &Context,
) -> Outcome<Result<Deployment, CallError>> {
    let Reply { headers: Tagged { etag }, body: Json(before) } = found;
    stays_on_its_runner(args, &before)?;
    // None at all is refused where it is asked for, not where it is so already.
    let least = args.size.replicas.unwrap_or(before.replicas.max(1));
    let autoscale = autoscale::given(args.size.max_replicas, &args.size.scaling, before.autoscale, least)?;
    let call = Call::<UpdateDeployment> {
        path: update::Path { workspace: workspace.clone(), deployment: Ref::Id(before.id) },
        query: NoQuery {},
        headers: IfMatch { if_match: Some(etag), key: new_key() },
        body: Json(update::Body { spec: changes.on(before.spec)?, replicas: args.size.replicas, autoscale }),
    };
    let result = ctx.client.call(call).await.map(|reply| reply.body.0);
    if let Ok(after) = &result {
        let what = if after.release == before.release { "keeps release" } else { "has the new release" };
        ctx.printer.note(&format!("`{}` {what} {}", after.name, after.release));
    }
    Ok(result)
}

fn stays_on_its_runner(args: &Deploy, now: &Deployment) -> Result<(), Failure> {
    let Some(wanted) = args.runner.as_ref().map(ToString::to_string) else { return Ok(()) };
    if wanted == now.runner_name.as_str() || wanted == now.runner.to_string() {
        return Ok(());
    }
    let message = format!(
        "`{}` runs on `{}`, and a deployment cannot move to another runner",
        now.name, now.runner_name
    );
    Err(Failure::usage(message).hint("leave `--runner` out, or choose another `--name`"))
}
