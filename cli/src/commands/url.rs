//! `patr url`.

use patr_models::{
    endpoint::{
        Call,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::ManagedUrlId,
    info::get::{GetInfo, Path as InfoPath},
    managed_url::{ManagedUrl, Target, WebUrl, create, delete, get, list, test, update},
    page::ListQuery,
};

use crate::{
    args::{
        ListArgs,
        managed_url::{Place, TargetArgs, Url as Args, UrlRef},
    },
    client::{self, changing, creating, plain},
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add { place, target } => add(place, target, ctx).await,
        Args::List(args) => list(&args, ctx).await,
        Args::Show { url } => show(url, ctx).await,
        Args::Update { url, target } => update(url, target, ctx).await,
        Args::Remove { url } => remove(url, ctx).await,
        Args::Test { url } => test(url, ctx).await,
    }
}

fn wanted(target: TargetArgs) -> Outcome<create::NewTarget> {
    let none =
        || Failure::usage("no target is given").hint("give one of --deployment, --site, --proxy, --redirect");
    Ok(target.target().ok_or_else(none)?)
}

async fn full(place: Place, ctx: &Context) -> Outcome<Place> {
    let info = ctx.client.call(plain::<GetInfo>(InfoPath {})).await?.body.0;
    place.under(&info.apps_domain).map_err(|error| Failure::usage(error.to_string()).into())
}

/// Let a place lead somewhere.
async fn add(place: Place, target: TargetArgs, ctx: &Context) -> Outcome {
    let target = wanted(target)?;
    let Place { host, path } = full(place, ctx).await?;
    let body = create::Body { host, path: Some(path), target };
    let path = create::Path { workspace: ctx.workspace()? };
    let made = ctx.client.call(creating::<create::CreateUrl, _>(path, body)).await?.body.0;
    ctx.printer.answer(&made, Some(&made.url))?;
    Ok(Exit::Ok)
}

/// List managed URLs.
async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let page = pages(args.query(), args.most(), ctx).await?;
    ctx.printer
        .list(&page, ["URL", "LEADS TO", "ID"], |url| [url.url.clone(), leads_to(url), url.id.to_string()])?;
    Ok(Exit::Ok)
}

async fn pages(query: ListQuery, most: usize, ctx: &Context) -> Outcome<patr_models::page::Page<ManagedUrl>> {
    let workspace = ctx.workspace()?;
    let page = client::list::<list::ListUrls, _>(&ctx.client, query, most, |query| Call {
        path: list::Path { workspace: workspace.clone() },
        query,
        headers: NoHeaders,
        body: NoBody,
    });
    Ok(page.await?)
}

fn leads_to(url: &ManagedUrl) -> String {
    match &url.target {
        Target::Deployment { deployment_name, port, .. } => format!("deployment {deployment_name}:{port}"),
        Target::Site { site_name, .. } => format!("site {site_name}"),
        Target::Proxy { url } => format!("proxy to {url}"),
        Target::Redirect { url, permanent: true } => format!("redirect to {url}, permanently"),
        Target::Redirect { url, permanent: false } => format!("redirect to {url}"),
    }
}

async fn find(url: UrlRef, ctx: &Context) -> Outcome<ManagedUrlId> {
    let place = match url {
        UrlRef::Id(id) => return Ok(id),
        UrlRef::Place(place) => full(place, ctx).await?,
    };
    let query = ListQuery { name: Some(place.host.to_string()), ..ListQuery::default() };
    let page = pages(query, usize::from(u16::MAX), ctx).await?;
    let found = page.items.iter().find(|url| url.host == place.host && url.path == place.path);
    let absent = || {
        Failure::new(Exit::NotFound, format!("there is no managed URL `{}{}` here", place.host, place.path))
            .hint("`patr url list` shows them")
    };
    Ok(found.ok_or_else(absent)?.id)
}

/// Show a managed URL.
async fn show(url: UrlRef, ctx: &Context) -> Outcome {
    let path = get::Path { workspace: ctx.workspace()?, url: find(url, ctx).await? };
    let url = ctx.client.call(plain::<get::GetUrl>(path)).await?.body.0;
    let automatic = if url.automatic { "yes" } else { "no" }.to_owned();
    let fields = [
        ("url", url.url.clone()),
        ("leads to", leads_to(&url)),
        ("automatic", automatic),
        ("id", url.id.to_string()),
    ];
    ctx.printer.item(&url, &fields)?;
    Ok(Exit::Ok)
}

/// Change where a managed URL leads.
async fn update(url: UrlRef, target: TargetArgs, ctx: &Context) -> Outcome {
    let target = wanted(target)?;
    let path = update::Path { workspace: ctx.workspace()?, url: find(url, ctx).await? };
    let url =
        ctx.client.call(changing::<update::UpdateUrl>(path, Json(update::Body { target }))).await?.body.0;
    ctx.printer.answer(&url, Some(&url.url))?;
    Ok(Exit::Ok)
}

/// Remove a managed URL.
async fn remove(url: UrlRef, ctx: &Context) -> Outcome {
    let id = find(url, ctx).await?;
    let path = delete::Path { workspace: ctx.workspace()?, url: id };
    ctx.client.call(changing::<delete::DeleteUrl>(path, NoBody)).await?;
    ctx.printer.note("removed; what it led to stays");
    Ok(Exit::Ok)
}

/// Say what would answer.
async fn test(url: WebUrl, ctx: &Context) -> Outcome {
    let path = test::Path { workspace: ctx.workspace()? };
    let call = Call::<test::TestUrl> { path, query: test::Query { url }, headers: NoHeaders, body: NoBody };
    let verdict = ctx.client.call(call).await?.body.0;
    let line = match &verdict.forwards_to {
        Some(to) => format!("{}: {to}", verdict.summary),
        None => verdict.summary.clone(),
    };
    ctx.printer.answer(&verdict, Some(&line))?;
    if !verdict.published {
        ctx.printer.warn("the edge does not know of the last change yet");
    }
    Ok(Exit::Ok)
}
