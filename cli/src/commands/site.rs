//! `patr site`.

mod access;
mod delete;
mod deploy;
mod list;
mod rollback;
mod send;
mod show;
mod start;
mod stop;
mod versions;

pub(super) use deploy::check;
use patr_models::site::Site;

use super::suggest;
use crate::{args::site::Site as Args, context::Context, exit_code::Exit, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Deploy(args) => deploy::deploy(args, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Access(args) => access::access(args, ctx).await,
        Args::Versions { name, page } => versions::versions(name, &page, ctx).await,
        Args::Rollback { name, version } => rollback::rollback(name, version, ctx).await,
        Args::Start { name } => start::start(name, ctx).await,
        Args::Stop { name } => stop::stop(name, ctx).await,
        Args::Delete { name } => delete::delete(name, ctx).await,
    }
}

fn answer(site: &Site, ctx: &Context) -> Outcome {
    ctx.printer.answer(site, Some(&site.url))?;
    Ok(Exit::Ok)
}
