//! `patr audit`.

mod list;

use crate::{args::access::Audit as Args, context::Context, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::List(args) => list::list(&args, ctx).await,
    }
}
