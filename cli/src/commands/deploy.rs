//! `patr deploy`.

use patr_models::{
    deployment::{
        Deployment, WorkloadSpec, create,
        get::{self, GetDeployment},
        update,
    },
    endpoint::{
        Call, NoQuery,
        body::{Json, NoBody},
        headers::{ETag, IfMatch, NoHeaders},
    },
    ids::{Ref, RunnerId},
    runner::list::{ListRunners, Path as ListPath},
};

use crate::{
    args::{
        deployment::Deploy,
        values::{EnvArg, env_file},
    },
    client::{self, creating},
    context::Context,
    failure::{Failure, Outcome, doing},
    rollout,
};

/// Run an image: make a deployment, or change what is given of one.
pub(super) async fn deploy(args: Deploy, ctx: &Context) -> Outcome {
    let deployment = match existing(&args, ctx).await? {
        Some(current) => change(&args, current, ctx).await?,
        None => make(&args, ctx).await?,
    };
    rollout::follow(deployment, &args.wait, ctx).await
}

async fn existing(args: &Deploy, ctx: &Context) -> Outcome<Option<Deployment>> {
    let path = get::Path { workspace: ctx.workspace()?, deployment: Ref::Name(args.name.clone()) };
    let call = Call::<GetDeployment> { path, query: NoQuery {}, headers: NoHeaders, body: NoBody };
    match ctx.client.call(call).await {
        Ok(reply) => Ok(Some(reply.body.0)),
        Err(error) if error.is("not_found") => {
            // A workspace that is not there answers the same; making the deployment will say so.
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn make(args: &Deploy, ctx: &Context) -> Outcome<Deployment> {
    let mut spec = WorkloadSpec::of(args.image.clone());
    apply(args, &mut spec)?;
    let runner = match &args.runner {
        Some(runner) => runner.clone(),
        None => only_runner(ctx).await?,
    };
    let body = create::Body { name: args.name.clone(), runner, spec, replicas: args.replicas };
    let path = create::Path { workspace: ctx.workspace()? };
    let made = ctx.client.call(creating::<create::CreateDeployment, _>(path, body)).await?.body.0;
    ctx.printer.note(&format!("made the deployment `{}` on `{}`", made.name, made.runner_name));
    Ok(made)
}

async fn change(args: &Deploy, current: Deployment, ctx: &Context) -> Outcome<Deployment> {
    if args.runner.as_ref().is_some_and(|runner| !names(runner, &current)) {
        return Err(Failure::usage(format!("`{}` runs on `{}`", current.name, current.runner_name))
            .hint("a deployment does not move: delete it, or deploy under another name")
            .into());
    }
    let mut spec = WorkloadSpec { image: args.image.clone(), ..current.spec };
    apply(args, &mut spec)?;
    let path = update::Path { workspace: ctx.workspace()?, deployment: current.id.into() };
    // What was read is what is changed, or nothing.
    let headers = IfMatch { if_match: Some(ETag::of(current.generation)), key: client::new_key() };
    let body = Json(update::Body { spec, replicas: args.replicas });
    let call = Call::<update::UpdateDeployment> { path, query: NoQuery {}, headers, body };
    Ok(ctx.client.call(call).await?.body.0)
}

fn names(runner: &Ref<RunnerId>, current: &Deployment) -> bool {
    match runner {
        Ref::Id(id) => *id == current.runner,
        Ref::Name(name) => *name == current.runner_name,
    }
}

async fn only_runner(ctx: &Context) -> Outcome<Ref<RunnerId>> {
    let workspace = ctx.workspace()?;
    let page = client::list::<ListRunners, _>(&ctx.client, Default::default(), 2, |query| Call {
        path: ListPath { workspace: workspace.clone() },
        query,
        headers: NoHeaders,
        body: NoBody,
    });
    match &page.await?.items[..] {
        [only] => {
            ctx.printer.note(&format!("on `{}`, the only runner", only.name));
            Ok(only.id.into())
        }
        [] => Err(Failure::usage("this workspace has no runner")
            .hint("`patr runner add NAME` lets a machine join")
            .into()),
        _ => Err(Failure::usage("this workspace has several runners")
            .hint("choose one with `--runner NAME`; `patr runner list` shows them")
            .into()),
    }
}

/// Puts what is given on the command line into a specification; the rest stays as it is.
fn apply(args: &Deploy, spec: &mut WorkloadSpec) -> Outcome<()> {
    if !args.ports.is_empty() {
        spec.ports.clone_from(&args.ports);
    }
    for file in &args.env_files {
        let text = std::fs::read_to_string(file).map_err(|error| doing(file.display(), error))?;
        let variables = env_file(&text).map_err(|error| doing(file.display(), error))?;
        set_env(spec, &variables)?;
    }
    set_env(spec, &args.env)?;
    spec.resources.cpu_millis = args.cpu.or(spec.resources.cpu_millis);
    spec.resources.memory_bytes = args.memory.or(spec.resources.memory_bytes);
    if let Some(words) = &args.command {
        spec.command.clone_from(&words.0);
    }
    if let Some(words) = &args.entrypoint {
        spec.entrypoint.clone_from(&words.0);
    }
    if args.startup_probe.is_some() {
        spec.startup_probe.clone_from(&args.startup_probe);
    }
    spec.check().map_err(|error| Failure::usage(error.to_string()))?;
    Ok(())
}

fn set_env(spec: &mut WorkloadSpec, variables: &[EnvArg]) -> Outcome<()> {
    for EnvArg { name, value } in variables {
        let value = match value {
            Some(value) => value.clone(),
            None => std::env::var(name.as_str()).map_err(|_| {
                Failure::usage(format!("`{name}` is not set in this shell"))
                    .hint("give a value: `--env NAME=VALUE`")
            })?,
        };
        spec.env.insert(name.clone(), value);
    }
    Ok(())
}
