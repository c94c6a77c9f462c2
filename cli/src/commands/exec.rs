//! `patr exec`.

mod input;
mod session;

use std::io::IsTerminal;

use futures_util::StreamExt;
use patr_models::{
    deployment::exec::{ExecInDeployment, Path, Query},
    endpoint::{Call, body::NoBody, headers::NoHeaders},
};

use self::session::Window;
use super::suggest;
use crate::{
    args::exec::Exec,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome, doing},
    terminal::{self, Raw, Resizes},
};

/// Run a command in a replica. Its exit status is ours.
pub(super) async fn exec(args: Exec, ctx: &Context) -> Outcome {
    let named = args.name.clone();
    tokio::select! {
        ended = run(args, ctx) => suggest::nearest(ended, Some(&named), ctx).await,
        // What is dropped here gives the terminal back.
        () = terminal::asked_to_end() => Err(Failure::new(Exit::Interrupted, "interrupted").into()),
    }
}

async fn run(args: Exec, ctx: &Context) -> Outcome {
    let typed = std::io::stdin().is_terminal();
    let has_terminal = args.wants_terminal(typed && std::io::stdout().is_terminal());
    let size = has_terminal.then(terminal::size);
    let call = Call::<ExecInDeployment> {
        path: Path { workspace: ctx.workspace()?, deployment: args.name },
        query: Query {
            command: args.command,
            runner: args.runner,
            replica: args.replica,
            columns: size.map(|size| size.columns),
            rows: size.map(|size| size.rows),
            says_why: false,
        },
        headers: NoHeaders,
        body: NoBody,
    };
    let (sink, stream) = ctx.client.socket(call).await?.split();
    // Only now: who is refused has not touched the terminal.
    let raw = (has_terminal && typed).then(Raw::enter).transpose();
    let _raw = raw.map_err(|error| doing("take the terminal", error))?;
    // Both ways at once: a command that is not read from does not read either.
    let (window, taken) = Window::new();
    tokio::select! {
        ended = session::receive(stream, &window, ctx) => ended,
        never = session::send(sink, input::stdin(), (&window, taken), Resizes::new(has_terminal)) => match never {},
    }
}
