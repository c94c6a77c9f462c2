//! `patr oauth`.

mod authorizations;
mod client;
mod revoke;

use super::suggest;
use crate::{args::oauth::Oauth as Args, context::Context, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Client(args) => client::run(args, ctx).await,
        Args::Authorizations(args) => authorizations::authorizations(&args, ctx).await,
        Args::Revoke { id } => revoke::revoke(id, ctx).await,
    }
}
