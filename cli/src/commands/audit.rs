//! `patr audit`.

mod export;
mod list;
mod verify;

use crate::{args::audit::Audit as Args, context::Context, failure::Outcome};

pub(crate) use verify::verify;

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::List(args) => list::list(&args, ctx).await,
        Args::Export { account } => export::export(account, ctx).await,
        Args::Verify(args) => verify(&args, &ctx.printer),
    }
}
