//! `patr logs`.

mod reader;
mod requests;
mod written;

use super::suggest;
use crate::{
    args::deployment::Logs,
    context::{Context, now},
    exit_code::Exit,
    failure::Outcome,
};
use reader::Reader;
use requests::Requests;
use written::Written;

/// Show what a deployment writes, or what it was asked; with `--follow` until Ctrl-C, through losses of the connection.
pub(super) async fn logs(args: Logs, ctx: &Context) -> Outcome {
    let named = args.name.clone();
    tokio::select! {
        done = read(&args, ctx) => suggest::nearest(done, Some(&named), ctx).await,
        // Leaving is the ordinary end of following.
        Ok(()) = tokio::signal::ctrl_c() => Ok(Exit::Ok),
    }
}

async fn read(args: &Logs, ctx: &Context) -> Outcome {
    if args.requests {
        Reader::new(Requests::new(args), args.follow, ctx).run().await
    } else {
        Reader::new(Written::new(args, now()), args.follow, ctx).run().await
    }
}
