//! `patr port-forward`.

mod carry;

use std::net::SocketAddr;

use futures_util::{StreamExt, stream::FuturesUnordered};
use patr_models::{
    deployment::{
        connect::{ConnectToDeployment, Path, Query},
        get::{self, GetDeployment},
    },
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    ids::{DeploymentId, Ref, RunnerId},
};
use tokio::net::{TcpListener, TcpStream};

use super::suggest;
use crate::{
    args::port_forward::{Forward, PortForward},
    client::plain,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
    terminal,
};

/// Let ports here lead to ports of a replica, until Ctrl-C.
pub(super) async fn port_forward(args: PortForward, ctx: &Context) -> Outcome {
    let named = args.name.clone();
    tokio::select! {
        ended = run(&args, ctx) => suggest::nearest(ended, Some(&named), ctx).await,
        // Leaving is the ordinary end.
        () = terminal::asked_to_end() => Ok(Exit::Ok),
    }
}

async fn run(args: &PortForward, ctx: &Context) -> Outcome {
    // Who mistypes a name hears of it now, not with the first connection.
    let path = get::Path { workspace: ctx.workspace()?, deployment: args.name.clone() };
    let deployment = ctx.client.call(plain::<GetDeployment>(path)).await?.body.0;
    let mut listeners = Vec::new();
    for &forward in &args.ports {
        let listener = listen(args, forward).await?;
        let here = listener.local_addr().map_err(|error| failed(args, forward, &error))?;
        ctx.printer.raw(&format!("{here}\n"))?;
        ctx.printer.note(&format!("{here} leads to port {} of {}", forward.port, deployment.name));
        listeners.push((listener, forward.port));
    }
    let to = |port| To {
        deployment: deployment.id,
        port,
        runner: args.runner.clone(),
        replica: args.replica.clone(),
    };
    let serving = listeners.into_iter().map(|(listener, port)| serve(listener, to(port), ctx));
    let mut serving: FuturesUnordered<_> = serving.collect();
    // One that cannot listen any more ends all: nobody looks at half of them.
    serving.next().await.unwrap_or(Ok(Exit::Ok))
}

async fn listen(args: &PortForward, forward: Forward) -> Result<TcpListener, Failure> {
    let here = SocketAddr::new(args.address, forward.local);
    TcpListener::bind(here).await.map_err(|error| failed(args, forward, &error))
}

fn failed(args: &PortForward, forward: Forward, error: &std::io::Error) -> Failure {
    let here = SocketAddr::new(args.address, forward.local);
    Failure::failed(format!("cannot listen on {here}: {error}"))
        .hint(format!("choose another port here, as in `{}:0`", forward.port))
}

/// What connections lead to.
struct To {
    deployment: DeploymentId,
    port: u16,
    runner: Option<Ref<RunnerId>>,
    replica: Option<String>,
}

async fn serve(listener: TcpListener, to: To, ctx: &Context) -> Outcome {
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => open.push(connect(client, &to, ctx)),
                Err(error) => return Err(Failure::failed(format!("cannot listen any more: {error}")).into()),
            },
            Some(()) = open.next() => {}
        }
    }
}

/// Carries one connection. What goes wrong ends that one only.
async fn connect(client: TcpStream, to: &To, ctx: &Context) {
    // Small messages are answered at once, or an interactive protocol would crawl.
    let _ = client.set_nodelay(true);
    let Ok(workspace) = ctx.workspace() else { return };
    let call = Call::<ConnectToDeployment> {
        path: Path { workspace, deployment: to.deployment.into() },
        query: Query { port: to.port, runner: to.runner.clone(), replica: to.replica.clone() },
        headers: NoHeaders,
        body: NoBody,
    };
    match ctx.client.socket(call).await {
        Ok(socket) => {
            if let Err(problem) = carry::carry(client, socket).await {
                ctx.printer.note(&format!("a connection to port {} broke off: {problem}", to.port));
            }
        }
        Err(error) => ctx.printer.failure(&error.into()),
    }
}
