//! `patr url`.

mod add;
mod find;
mod list;
mod remove;
mod show;
mod test;
mod update;

use patr_models::managed_url::{ManagedUrl, Target};

use crate::{
    args::managed_url::{TargetArgs, Url as Args},
    context::Context,
    failure::{Failure, Outcome},
    text,
};
use patr_models::managed_url::create::NewTarget;

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add { place, target } => add::add(place, wanted(target)?, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { url } => show::show(url, ctx).await,
        Args::Update { url, target } => update::update(url, wanted(target)?, ctx).await,
        Args::Remove { url } => remove::remove(url, ctx).await,
        Args::Test { url } => test::test(url, ctx).await,
    }
}

fn wanted(target: TargetArgs) -> Result<NewTarget, Failure> {
    target.target().ok_or_else(|| {
        Failure::usage("say where it leads: `--deployment`, `--site`, `--proxy` or `--redirect`")
    })
}

fn fields(url: &ManagedUrl) -> [(&'static str, String); 5] {
    [
        ("url", url.url.clone()),
        ("leads to", target(&url.target)),
        ("automatic", if url.automatic { "yes" } else { "no" }.to_owned()),
        ("id", url.id.to_string()),
        ("created", text::time(url.created_at)),
    ]
}

fn target(target: &Target) -> String {
    match target {
        Target::Deployment { deployment_name, port, .. } => format!("deployment {deployment_name}:{port}"),
        Target::Site { site_name, .. } => format!("site {site_name}"),
        Target::Proxy { url } => format!("proxy {url}"),
        Target::Redirect { url, permanent: false } => format!("redirect {url}"),
        Target::Redirect { url, permanent: true } => format!("permanent redirect {url}"),
    }
}
