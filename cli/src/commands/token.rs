//! `patr token`.

mod create;
mod list;
mod revoke;

use super::suggest;
use crate::{args::access::Token as Args, context::Context, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Create { name, only_workspace, expires_in } => {
            create::create(name, only_workspace, expires_in, ctx).await
        }
        Args::List(args) => list::list(&args, ctx).await,
        Args::Revoke { name } => {
            suggest::nearest(revoke::revoke(name.clone(), ctx).await, Some(&name), ctx).await
        }
    }
}
