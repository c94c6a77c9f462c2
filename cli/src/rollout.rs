//! Watching a deployment until a change of it has come to an end.

use std::time::Duration;

use patr_models::{
    deployment::{
        Deployment, Failure as Trouble, Generation, ReleaseNumber, Status,
        watch::{News, Path, Query, WatchDeployment},
    },
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{Ref, WorkspaceId},
    runner::{
        Connection,
        get::{GetRunner, Path as RunnerPath},
    },
};

use crate::{
    args::deployment::Wait,
    client::{CallError, plain},
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, Stop},
    printer::StatusLine,
    status, text,
};

/// Between two tries when the edge does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known of the change that made `generation`.
#[derive(Debug, PartialEq)]
enum Progress {
    Going(String),
    Ended(End),
}

/// How a change ended.
#[derive(Debug, PartialEq)]
enum End {
    Live {
        ready: u32,
    },
    /// It serves, but not on every runner.
    Partly {
        trouble: Trouble,
    },
    /// It works, and none runs until somebody asks.
    Idle,
    Stopped,
    Failed {
        trouble: Trouble,
        serving: Option<ReleaseNumber>,
    },
    /// Somebody changed the deployment again before this change was through.
    Superseded,
}

fn progress(generation: Generation, now: &Deployment) -> Progress {
    if now.generation > generation {
        return Progress::Ended(End::Superseded);
    }
    match &now.status {
        Status::Live { ready } => Progress::Ended(End::Live { ready: *ready }),
        Status::Idle => Progress::Ended(End::Idle),
        Status::Stopped => Progress::Ended(End::Stopped),
        Status::Failed { failure, serving } => {
            Progress::Ended(End::Failed { trouble: failure.clone(), serving: *serving })
        }
        Status::Degraded { reason: Some(reason), .. } if now.status.is_final() => {
            Progress::Ended(End::Partly { trouble: reason.clone() })
        }
        going => Progress::Going(status::words(going)),
    }
}

/// Watches what `changed` began, unless told not to, says how it ended, and answers the deployment.
pub(crate) async fn follow(changed: Deployment, wait: &Wait, ctx: &Context) -> Outcome {
    if wait.no_wait {
        goes_on(&changed, ctx);
        ctx.printer.answer(&changed, changed.url.as_deref())?;
        return Ok(Exit::Ok);
    }
    let (now, end) = watch(&changed, wait, ctx).await?;
    let url = now.url.as_deref().filter(|_| end != End::Stopped);
    match finish(&now, &end, ctx) {
        Ok(()) => ctx.printer.answer(&now, url).map(|()| Exit::Ok),
        Err(failure) => Err(after_answer(&now, failure, ctx)),
    }
}

/// As [`follow`], for one change among several: nothing goes to stdout.
pub(crate) async fn settle(changed: &Deployment, wait: &Wait, ctx: &Context) -> Outcome<()> {
    if wait.no_wait {
        goes_on(changed, ctx);
        return Ok(());
    }
    let (now, end) = watch(changed, wait, ctx).await?;
    Ok(finish(&now, &end, ctx)?)
}

fn goes_on(changed: &Deployment, ctx: &Context) {
    ctx.printer.note(&format!("the change goes on: `patr deployment show {}` says how it is", changed.name));
}

async fn watch(changed: &Deployment, wait: &Wait, ctx: &Context) -> Outcome<(Deployment, End)> {
    let mut watcher = Watcher::new(changed, ctx)?;
    let ended = tokio::select! {
        ended = tokio::time::timeout(wait.timeout, watcher.run()) => ended,
        Ok(()) = tokio::signal::ctrl_c() => {
            drop(watcher);
            return Err(interrupted(changed).into());
        }
    };
    ended.unwrap_or_else(|_| {
        let last = std::mem::take(&mut watcher.last);
        drop(watcher);
        Err(timed_out(changed, wait.timeout, &last).into())
    })
}

fn interrupted(changed: &Deployment) -> Failure {
    Failure::new(Exit::Interrupted, "interrupted; the rollout goes on")
        .hint(format!("`patr deployment show {}` says how it is", changed.name))
}

fn timed_out(changed: &Deployment, timeout: Duration, last: &str) -> Failure {
    let timeout = humantime::format_duration(timeout);
    let message = format!("`{}` is not live after {timeout} ({last}); the rollout goes on", changed.name);
    Failure::new(Exit::Timeout, message)
        .hint(format!("`patr deployment show {}` says how it is; `--timeout` waits longer", changed.name))
}

/// Says how it ended, or fails with that.
fn finish(now: &Deployment, end: &End, ctx: &Context) -> Result<(), Failure> {
    match end {
        End::Live { ready } => {
            let replicas = text::counted(*ready as usize, "replica");
            ctx.printer.note(&format!("`{}` is live: release {}, {replicas}", now.name, now.release));
        }
        End::Partly { trouble } => {
            let why = status::why(trouble);
            ctx.printer.note(&format!("warning: `{}` serves release {}, but {why}", now.name, now.release));
            ctx.printer.hint("the runner carries it out when it connects");
        }
        End::Idle => {
            ctx.printer
                .note(&format!("`{}` is idle: the next request starts release {}", now.name, now.release));
        }
        End::Stopped => {
            ctx.printer.note(&format!("`{}` is changed, and stopped", now.name));
            ctx.printer.hint(&format!("`patr deployment start {}` lets it run", now.name));
        }
        End::Failed { trouble, serving } => return Err(rollout_failed(now, trouble, *serving)),
        End::Superseded => return Err(superseded(now)),
    }
    Ok(())
}

/// The failure, with the deployment as JSON before it if that is wanted. A reader who has left must not turn a
/// rollout that failed into a success.
fn after_answer(now: &Deployment, failure: Failure, ctx: &Context) -> Stop {
    match ctx.printer.answer(now, None) {
        Ok(()) | Err(Stop::OutputClosed) => failure.into(),
        Err(other) => other,
    }
}

fn superseded(now: &Deployment) -> Failure {
    Failure::failed(format!("`{}` was changed again meanwhile; that change took over", now.name))
        .hint(format!("`patr deployment releases {}` shows what was done", now.name))
}

fn rollout_failed(now: &Deployment, trouble: &Trouble, serving: Option<ReleaseNumber>) -> Failure {
    let mut message = format!("release {} of `{}` failed: {}", now.release, now.name, status::why(trouble));
    if !trouble.logs.is_empty() {
        message.push_str("\n\nthe last lines that it wrote:");
        for line in &trouble.logs {
            message.push_str("\n  ");
            message.push_str(&text::escape(line));
        }
        message.push('\n');
    }
    message.push_str(&match serving {
        Some(number) => format!("\nrelease {number} goes on serving"),
        None => "\nnothing serves".to_owned(),
    });
    Failure::failed(message).hint("repair it and run `patr deploy` again")
}

struct Watcher<'c> {
    ctx: &'c Context,
    path: Path,
    generation: Generation,
    line: StatusLine,
    /// The last state, for the message when time runs out.
    last: String,
    hinted: bool,
}

impl<'c> Watcher<'c> {
    fn new(changed: &Deployment, ctx: &'c Context) -> Result<Self, Failure> {
        let workspace: Ref<WorkspaceId> = ctx.workspace()?;
        Ok(Self {
            ctx,
            path: Path { workspace, deployment: Ref::Id(changed.id) },
            generation: changed.generation,
            line: ctx.printer.status(),
            last: "no news yet".to_owned(),
            hinted: false,
        })
    }

    async fn run(&mut self) -> Outcome<(Deployment, End)> {
        let mut after = None;
        loop {
            let news = match self.ask(after).await {
                Ok(news) => news,
                Err(error) if error.is_passing() => {
                    self.show("the edge does not answer; trying again");
                    tokio::time::sleep(error.retry_after().unwrap_or(PAUSE)).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match progress(self.generation, &news.deployment) {
                Progress::Ended(end) => return Ok((news.deployment, end)),
                Progress::Going(text) => self.show(&text),
            }
            if matches!(news.deployment.status, Status::Waiting { .. }) {
                self.explain_waiting(&news.deployment).await;
            }
            // The first answer comes at once; the edge holds back later ones until there is news.
            after = Some(news.version);
        }
    }

    async fn ask(&self, after: Option<u64>) -> Result<News, CallError> {
        let call = Call::<WatchDeployment> {
            path: self.path.clone(),
            query: Query { after },
            headers: NoHeaders,
            body: NoBody,
        };
        Ok(self.ctx.client.call(call).await?.body.0)
    }

    fn show(&mut self, text: &str) {
        text.clone_into(&mut self.last);
        self.line.set(text);
    }

    /// A moment of waiting is ordinary; a runner that is away is worth a hint, once.
    async fn explain_waiting(&mut self, now: &Deployment) {
        let waiting = now.runners.iter().find(|placed| matches!(placed.status, Status::Waiting { .. }));
        let Some(waiting) = waiting.filter(|_| !self.hinted) else { return };
        let runner = Ref::Id(waiting.runner);
        let path = RunnerPath { workspace: self.path.workspace.clone(), runner };
        let runner = self.ctx.client.call(plain::<GetRunner>(path)).await;
        let away = runner.is_ok_and(|reply| !matches!(reply.body.0.connection, Connection::Online { .. }));
        if away {
            self.hinted = true;
            self.line.hint("the runner carries it out when it connects; `--no-wait` does not wait for that");
        }
    }
}
