//! `patr deploy`.

mod changes;
mod read;

use patr_models::{
    deployment::{
        Deployment, Placement, WorkloadSpec,
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
    let mut runners = args.placements();
    if runners.is_empty() {
        runners.push(Placement::on(runner::given_or_only(None, ctx).await?));
    }
    let body = create::Body {
        name: args.name.clone(),
        runners: runners.clone(),
        spec,
        replicas: args.size.replicas,
        autoscale,
    };
    let path = create::Path { workspace: workspace.clone() };
    match ctx.client.call(creating::<CreateDeployment, _>(path, body)).await {
        Ok(reply) => {
            let made = reply.body.0;
            let runners = on_runners(&made);
            ctx.printer.note(&format!("made `{}` on {runners}", made.name));
            Ok(Ok(made))
        }
        Err(error) => unknown_runner(error, &runners, ctx).await,
    }
}

/// Where a deployment is to be, in words.
fn on_runners(deployment: &Deployment) -> String {
    let staying = deployment.runners.iter().filter(|placed| !placed.leaving);
    let names: Vec<String> = staying.map(|placed| format!("`{}`", placed.name)).collect();
    let noun = if names.len() == 1 { "runner" } else { "runners" };
    format!("the {noun} {}", names.join(", "))
}

/// Suggests what was meant, if a runner is not there.
async fn unknown_runner<T>(
    error: CallError,
    given: &[Placement],
    ctx: &Context,
) -> Outcome<Result<T, CallError>> {
    if !error.is("runner_not_found") {
        return Ok(Err(error));
    }
    // With several nobody knows which of them it is.
    let only = if let [only] = given { Some(&only.runner) } else { None };
    suggest::nearest(Err(error.into()), only, ctx).await
}

async fn update(
    args: &Deploy,
    changes: &Changes<'_>,
    found: Reply<GetDeployment>,
    workspace: &Ref<WorkspaceId>,
    ctx: &Context,
) -> Outcome<Result<Deployment, CallError>> {
    let Reply { headers: Tagged { etag }, body: Json(before) } = found;
    // None at all is refused where it is asked for, not where it is so already.
    let least = args.size.replicas.unwrap_or(before.replicas.max(1));
    let autoscale = autoscale::given(args.size.max_replicas, &args.size.scaling, before.autoscale, least)?;
    let runners = Some(args.placements()).filter(|runners| !runners.is_empty());
    let (spec, replicas) = (changes.on(before.spec.clone())?, args.size.replicas);
    let call = Call::<UpdateDeployment> {
        path: update::Path { workspace: workspace.clone(), deployment: Ref::Id(before.id) },
        query: NoQuery {},
        headers: IfMatch { if_match: Some(etag), key: new_key() },
        body: Json(update::Body { spec, runners, replicas, autoscale }),
    };
    let after = match ctx.client.call(call).await {
        Ok(reply) => reply.body.0,
        Err(error) => return unknown_runner(error, &args.placements(), ctx).await,
    };
    let what = if after.release == before.release { "keeps release" } else { "has the new release" };
    ctx.printer.note(&format!("`{}` {what} {}", after.name, after.release));
    if on_runners(&after) != on_runners(&before) {
        ctx.printer.note(&format!("`{}` is to be on {}", after.name, on_runners(&after)));
    }
    Ok(Ok(after))
}
