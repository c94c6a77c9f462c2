//! `patr url`.

mod add;
mod find;
mod list;
mod remove;
mod show;
mod test;
mod update;

use std::time::Duration;

use patr_models::managed_url::{ManagedUrl, Target, UrlOptions, create::NewTarget};

use crate::{
    args::managed_url::{TargetArgs, Url as Args},
    context::Context,
    failure::{Failure, Outcome},
    text,
};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add { place, target, options } => {
            add::add(place, wanted(target)?, options.apply(&UrlOptions::default()), ctx).await
        }
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { url, hours } => show::show(url, hours, ctx).await,
        Args::Update { url, target, options } => update::update(url, target.target(), options, ctx).await,
        Args::Remove { url } => remove::remove(url, ctx).await,
        Args::Test { url } => test::test(url, ctx).await,
    }
}

fn wanted(target: TargetArgs) -> Result<NewTarget, Failure> {
    target.target().ok_or_else(|| {
        Failure::usage("say where it leads: `--deployment`, `--site`, `--proxy` or `--redirect`")
    })
}

fn fields(url: &ManagedUrl) -> Vec<(&'static str, String)> {
    let options = options(&url.options);
    let mut fields = vec![("url", url.url.clone()), ("leads to", target(&url.target))];
    if !options.is_empty() {
        fields.push(("options", options.join(", ")));
    }
    fields.extend([
        ("automatic", if url.automatic { "yes" } else { "no" }.to_owned()),
        ("id", url.id.to_string()),
        ("created", text::time(url.created_at)),
    ]);
    fields
}

/// Those that are not as by default, in words.
fn options(options: &UrlOptions) -> Vec<String> {
    let UrlOptions { strip_prefix, host_header, allow, max_body_bytes, timeout_s, cache, stale_if_error_s } =
        options;
    let seconds = |seconds: &u32| humantime::format_duration(Duration::from_secs((*seconds).into()));
    let networks: Vec<String> = allow.iter().map(ToString::to_string).collect();
    [
        strip_prefix.then(|| "without its own path".to_owned()),
        host_header.as_ref().map(|host| format!("as host {host}")),
        (!networks.is_empty()).then(|| format!("only for {}", networks.join(" "))),
        max_body_bytes.map(|bytes| format!("bodies up to {}", text::bytes(bytes))),
        timeout_s.as_ref().map(|time| format!("answers begin within {}", seconds(time))),
        cache.then(|| "kept at the edge".to_owned()),
        stale_if_error_s
            .as_ref()
            .map(|time| format!("and {} longer while the target is away", seconds(time))),
    ]
    .into_iter()
    .flatten()
    .collect()
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
