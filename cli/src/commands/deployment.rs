//! `patr deployment`.

pub(super) mod autoscale;
mod cancel;
mod delete;
mod fields;
mod list;
mod metrics;
mod releases;
mod restart;
mod rollback;
mod scale;
mod show;
mod start;
mod stop;

use super::suggest;
use crate::{args::deployment::Deployment as Args, context::Context, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name, metrics: true, since } => metrics::metrics(name, since, ctx).await,
        Args::Show { name, metrics: false, .. } => show::show(name, ctx).await,
        Args::Start { name, wait } => start::start(name, &wait, ctx).await,
        Args::Stop { name } => stop::stop(name, ctx).await,
        Args::Restart { name, wait } => restart::restart(name, &wait, ctx).await,
        Args::Scale(args) => scale::scale(args, ctx).await,
        Args::Cancel { name, wait } => cancel::cancel(name, &wait, ctx).await,
        Args::Rollback { name, release, wait } => rollback::rollback(name, release, &wait, ctx).await,
        Args::Releases { name, page } => releases::releases(name, &page, ctx).await,
        Args::Delete { name } => delete::delete(name, ctx).await,
    }
}
