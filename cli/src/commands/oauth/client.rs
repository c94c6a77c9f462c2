//! `patr oauth client`.

mod create;
mod delete;
mod list;

use super::suggest;
use crate::{args::oauth::Client as Args, context::Context, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Create { name, redirect_uri, confidential } => {
            create::create(name, redirect_uri, confidential, ctx).await
        }
        Args::List(args) => list::list(&args, ctx).await,
        Args::Delete { name } => {
            suggest::nearest(delete::delete(name.clone(), ctx).await, Some(&name), ctx).await
        }
    }
}
