//! Watching a deployment go live.

use std::time::Duration;

use patr_models::{
    deployment::{
        Deployment, Failure as Cause, Status,
        status::RolloutStep,
        watch::{Path, Query, WatchDeployment},
    },
    endpoint::{Call, body::NoBody, headers::NoHeaders},
};
use tokio::time::Instant;

use crate::{
    args::deployment::Wait,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// How long to wait before asking again after an answer was lost.
const PAUSE: Duration = Duration::from_secs(1);

/// Watches until the rollout has ended, unless nobody wants to wait; prints the URL.
pub(crate) async fn follow(deployment: Deployment, wait: &Wait, ctx: &Context) -> Outcome {
    if wait.no_wait {
        ctx.printer.answer(&deployment, deployment.url.as_deref())?;
        return Ok(Exit::Ok);
    }
    tokio::select! {
        outcome = watch(&deployment, wait.timeout, ctx) => outcome,
        _ = tokio::signal::ctrl_c() => {
            ctx.printer.note("stopped watching; the rollout goes on");
            ctx.printer.hint(&format!("`patr deployment show {}` says how it ended", deployment.name));
            Ok(Exit::Interrupted)
        }
    }
}

async fn watch(deployment: &Deployment, timeout: Duration, ctx: &Context) -> Outcome {
    let deadline = Instant::now() + timeout;
    let mut status = ctx.printer.status();
    let mut after = None;
    loop {
        let path = Path { workspace: ctx.workspace()?, deployment: deployment.id.into() };
        let call = Call::<WatchDeployment> { path, query: Query { after }, headers: NoHeaders, body: NoBody };
        match tokio::time::timeout_at(deadline, ctx.client.call(call)).await {
            Err(_) => {
                let failure = Failure::new(
                    Exit::Timeout,
                    format!("`{}` is not live after {timeout:?}", deployment.name),
                );
                return Err(failure
                    .hint("the rollout goes on; `--timeout` waits longer, `--no-wait` not at all")
                    .into());
            }
            Ok(Err(error)) if error.is_passing() => tokio::time::sleep(PAUSE).await,
            Ok(Err(error)) => return Err(error.into()),
            Ok(Ok(reply)) => {
                let news = reply.body.0;
                after = Some(news.version);
                if news.deployment.generation > deployment.generation {
                    return Err(Failure::failed("a newer change of the deployment took over").into());
                }
                status.set(&describe(&news.deployment.status));
                if let Some(outcome) = ended(&news.deployment, ctx) {
                    return outcome;
                }
            }
        }
    }
}

/// The outcome, once the rollout has ended.
fn ended(deployment: &Deployment, ctx: &Context) -> Option<Outcome> {
    match &deployment.status {
        Status::Live { .. } | Status::Stopped => {
            Some(ctx.printer.answer(deployment, deployment.url.as_deref()).map(|()| Exit::Ok))
        }
        Status::Failed { failure, serving } => {
            let mut message = format!("release {} failed: {}", deployment.release, reason(failure));
            if let Some(serving) = serving {
                message.push_str(&format!("\nrelease {serving} goes on serving"));
            }
            Some(Err(Failure::failed(message).into()))
        }
        _ => None,
    }
}

/// A cause with the last lines that the replica wrote.
pub(crate) fn reason(cause: &Cause) -> String {
    let lines = cause.logs.iter().map(|line| format!("\n  | {line}"));
    std::iter::once(cause.message.clone()).chain(lines).collect()
}

/// A status in words.
pub(crate) fn describe(status: &Status) -> String {
    match status {
        Status::Waiting { reason } => format!("waiting: {reason}"),
        Status::RollingOut { step: RolloutStep::Pulling, .. } => "pulling the image".to_owned(),
        Status::RollingOut { step: RolloutStep::Starting, ready, wanted } => {
            format!("starting: {ready} of {wanted} ready")
        }
        Status::RollingOut { step: RolloutStep::Draining, .. } => {
            "letting the old replicas finish".to_owned()
        }
        Status::Live { ready } => format!("live ({ready} ready)"),
        Status::Degraded { ready, wanted, .. } => format!("degraded: {ready} of {wanted} ready"),
        Status::Failed { failure, .. } => format!("failed: {}", failure.message),
        Status::Stopped => "stopped".to_owned(),
        Status::Unknown { since } => format!("unknown since {since}"),
    }
}
