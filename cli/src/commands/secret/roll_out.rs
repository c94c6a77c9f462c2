//! `patr secret roll-out`: new releases of the deployments that use an older version of a secret.

use patr_models::{
    deployment::{
        Deployment, WorkloadSpec,
        get::{self, GetDeployment},
        update::{self, UpdateDeployment},
    },
    endpoint::{
        Call, NoQuery, Reply,
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::Ref,
    name::Name,
    secret::{
        Secret,
        get::{self as get_secret, GetSecret},
    },
};

use super::behind;
use crate::{
    args::deployment::Wait,
    client::{new_key, plain},
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
    rollout,
};

/// How often a change is put on top of what somebody else did at the same time.
const TRIES: usize = 5;

/// Give the newest version of a secret to the deployments that use an older one.
pub(super) async fn roll_out(name: Name, wait: &Wait, ctx: &Context) -> Outcome {
    let path = get_secret::Path { workspace: ctx.workspace()?, secret: name };
    let secret = ctx.client.call(plain::<GetSecret>(path)).await?.body.0;
    to_all(&secret, wait, ctx).await
}

/// One after another, so that a value that is wrong stops at the first deployment and the others run on.
pub(super) async fn to_all(secret: &Secret, wait: &Wait, ctx: &Context) -> Outcome {
    let todo = behind(secret);
    if todo.is_empty() {
        ctx.printer.note(&format!("no deployment uses an older version of `{}`", secret.name));
    }
    for (at, used) in todo.iter().enumerate() {
        let rest = todo[at + 1..].iter().map(|used| &used.deployment).collect::<Vec<_>>();
        let changed = renew(&used.deployment, secret, ctx).await?;
        ctx.printer.note(&format!(
            "`{}` gets version {} of `{}` with release {}",
            changed.name, secret.version, secret.name, changed.release
        ));
        rollout::settle(&changed, wait, ctx).await.map_err(|stop| with_rest(stop, &rest))?;
    }
    Ok(Exit::Ok)
}

/// The failure, with what was not begun because of it.
fn with_rest(stop: Stop, rest: &[&Name]) -> Stop {
    match stop {
        Stop::Failed(mut failure) if !rest.is_empty() => {
            let names = rest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            failure.message.push_str(&format!("\nnot begun: {names}"));
            failure.into()
        }
        other => other,
    }
}

async fn renew(name: &Name, secret: &Secret, ctx: &Context) -> Outcome<Deployment> {
    let workspace = ctx.workspace()?;
    for _ in 0..TRIES {
        let path = get::Path { workspace: workspace.clone(), deployment: Ref::Name(name.clone()) };
        let Reply { headers: Tagged { etag }, body: Json(before) } =
            ctx.client.call(plain::<GetDeployment>(path)).await?;
        let call = Call::<UpdateDeployment> {
            path: update::Path { workspace: workspace.clone(), deployment: Ref::Id(before.id) },
            query: NoQuery {},
            headers: IfMatch { if_match: Some(etag), key: new_key() },
            body: Json(update::Body {
                spec: with_newest(before.spec, &secret.name),
                runners: None,
                replicas: None,
                autoscale: None,
            }),
        };
        match ctx.client.call(call).await {
            Ok(reply) => return Ok(reply.body.0),
            Err(error) if error.is("stale") => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::failed(format!("`{name}` is being changed by others all the time")).into())
}

/// Every use of the secret without a version means the newest.
fn with_newest(mut spec: WorkloadSpec, secret: &Name) -> WorkloadSpec {
    for used in spec.secrets_used_mut().filter(|used| used.secret == *secret) {
        used.version = None;
    }
    spec
}
