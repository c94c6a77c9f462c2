//! `patr runner`.

use patr_models::{
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{Ref, RunnerId},
    name::Name,
    runner::{Connection, Runner, RuntimeKind, create, delete, get, list, rename, rotate_token},
};

use crate::{
    args::{ListArgs, runner::Runner as Args},
    client::{self, creating, plain, with_body},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    text,
};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add { name, runtime } => add(name, runtime.into(), ctx).await,
        Args::List(args) => list(&args, ctx).await,
        Args::Show { name } => show(name, ctx).await,
        Args::Rename { name, new_name } => rename(name, new_name, ctx).await,
        Args::RotateToken { name } => rotate_token(name, ctx).await,
        Args::Remove { name } => remove(name, ctx).await,
    }
}

/// Add a runner: its token on stdout, how to install the agent on stderr.
async fn add(name: Name, runtime: RuntimeKind, ctx: &Context) -> Outcome {
    let path = create::Path { workspace: ctx.workspace()? };
    let made = ctx
        .client
        .call(creating::<create::CreateRunner, _>(path, create::Body { name, runtime }))
        .await?
        .body
        .0;
    ctx.printer.answer(&made, Some(&made.token))?;
    ctx.printer.note(&install(ctx.client.base(), &made.runner));
    Ok(Exit::Ok)
}

/// What to paste on the machine. The token is not repeated here: it went to stdout.
fn install(base: &str, runner: &Runner) -> String {
    let runtime = runner.runtime.as_str();
    format!(
        "made the runner `{}`; its token is not shown again\n\n\
         On the machine, as root, with the token in /etc/patr-runner.token (mode 600):\n\n  \
         patr-runner {runtime} --url {base} --token-file /etc/patr-runner.token\n\n\
         Or as a service, /etc/systemd/system/patr-runner.service:\n\n  \
         [Unit]\n  After=docker.service network-online.target\n  Wants=network-online.target\n  \
         [Service]\n  ExecStart=/usr/local/bin/patr-runner {runtime} --url {base} --token-file /etc/patr-runner.token\n  \
         Restart=always\n  RestartPreventExitStatus=3 4 5\n  \
         [Install]\n  WantedBy=multi-user.target",
        runner.name
    )
}

/// List runners.
async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let workspace = ctx.workspace()?;
    let page = client::list::<list::ListRunners, _>(&ctx.client, args.query(), args.most(), |query| Call {
        path: list::Path { workspace: workspace.clone() },
        query,
        headers: NoHeaders,
        body: NoBody,
    });
    ctx.printer.list(&page.await?, ["NAME", "RUNTIME", "CONNECTION", "ID"], |runner| {
        let runtime = runner.runtime.as_str().to_owned();
        [runner.name.to_string(), runtime, connection(&runner.connection), runner.id.to_string()]
    })?;
    Ok(Exit::Ok)
}

fn connection(connection: &Connection) -> String {
    match connection {
        Connection::Never => "never connected".to_owned(),
        Connection::Online { since, .. } => format!("online since {}", text::time(*since)),
        Connection::Offline { since } => format!("offline since {}", text::time(*since)),
    }
}

/// Show a runner.
async fn show(name: Ref<RunnerId>, ctx: &Context) -> Outcome {
    let path = get::Path { workspace: ctx.workspace()?, runner: name };
    let runner = ctx.client.call(plain::<get::GetRunner>(path)).await?.body.0;
    ctx.printer.item(&runner, &fields(&runner))?;
    Ok(Exit::Ok)
}

fn fields(runner: &Runner) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("name", runner.name.to_string()),
        ("id", runner.id.to_string()),
        ("runtime", runner.runtime.as_str().to_owned()),
        ("connection", connection(&runner.connection)),
    ];
    if let Connection::Online { agent, host, clock_skew_ms, .. } = &runner.connection {
        fields.push(("agent", agent.clone()));
        fields.push(("machine", text::or_dash(host.clone())));
        fields.push(("clock", format!("{clock_skew_ms} ms ahead of the edge's")));
    }
    fields
}

/// Rename a runner.
async fn rename(runner: Ref<RunnerId>, name: Name, ctx: &Context) -> Outcome {
    let path = rename::Path { workspace: ctx.workspace()?, runner };
    let call = with_body::<rename::RenameRunner, _>(path, rename::Body { name });
    let runner = ctx.client.call(call).await?.body.0;
    ctx.printer.answer(&runner, None)?;
    ctx.printer.note(&format!("the runner is now called `{}`", runner.name));
    Ok(Exit::Ok)
}

/// Replace a runner's token.
async fn rotate_token(runner: Ref<RunnerId>, ctx: &Context) -> Outcome {
    let path = rotate_token::Path { workspace: ctx.workspace()?, runner };
    let rotated = ctx.client.call(plain::<rotate_token::RotateRunnerToken>(path)).await?.body.0;
    ctx.printer.answer(&rotated, Some(&rotated.token))?;
    ctx.printer.note("the old token is refused from now on; start the agent with this one");
    Ok(Exit::Ok)
}

/// Remove a runner.
async fn remove(runner: Ref<RunnerId>, ctx: &Context) -> Outcome {
    let path = delete::Path { workspace: ctx.workspace()?, runner: runner.clone() };
    ctx.client.call(plain::<delete::DeleteRunner>(path)).await?;
    ctx.printer.note(&format!("removed `{runner}`"));
    Ok(Exit::Ok)
}
